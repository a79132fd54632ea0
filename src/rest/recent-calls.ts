import type { RateLimitScope } from "../errors.js";
import type { Wait } from "./rate-limits.js";

/** The longest wait for calls in flight that may turn out not to count. */
const SOON_MS = 1000;

/** Counts calls within a period, and those in flight, for limits that no header mentions before they are exceeded. */
export class RecentCalls {
  readonly #periodMs: number;
  readonly #times: number[] = [];
  #inFlight = 0;
  #waiting: (() => void)[] = [];

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  /** Counts a call. @returns the count */
  add(now: number): number {
    this.#forgetOld(now);
    return this.#times.push(now);
  }

  begin(): void {
    this.#inFlight += 1;
  }

  end(): void {
    this.#inFlight -= 1;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Returns the wait before a call may be sent, if any. @param most how many calls may count, including this one */
  waitFor(now: number, most: number, scope: RateLimitScope): Wait | undefined {
    this.#forgetOld(now);
    const [first] = this.#times;
    const count = this.#times.length;
    if (count + this.#inFlight < most) return undefined;
    if (first === undefined) return { scope, onChange: (wake) => void this.#waiting.push(wake) };
    const ms = first + this.#periodMs - now;
    return { scope, ms: count < most ? Math.min(ms, SOON_MS) : ms };
  }

  #forgetOld(now: number): void {
    const current = this.#times.findIndex((time) => now - time < this.#periodMs);
    this.#times.splice(0, current < 0 ? this.#times.length : current);
  }
}
