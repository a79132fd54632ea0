import type { AnswerHeaders, Wait } from "./rate-limits.js";

const WINDOW_S = 600;
const STEP_MS = 10_000;
const STEPS = WINDOW_S / (STEP_MS / 1000);
const WARN_AT = 1000;
const UNTRUSTED_SHARE = 0.1;
/** How long an untrusted call waits for the result of other untrusted calls in flight. */
const SOON_MS = 1000;

/** Counts events of the last ten minutes, in steps of ten seconds. */
class RecentCount {
  readonly #steps = new Map<number, number>();
  #total = 0;

  add(now: number): void {
    const step = Math.floor(now / STEP_MS);
    this.#steps.set(step, (this.#steps.get(step) ?? 0) + 1);
    this.#total += 1;
  }

  at(now: number): number {
    for (const [step, count] of this.#steps) {
      if (endOf(step) > now) break;
      this.#steps.delete(step);
      this.#total -= count;
    }
    return this.#total;
  }

  /** Returns the milliseconds until the oldest step is no longer counted. */
  msUntilFewer(now: number): number {
    const [oldest = 0] = this.#steps.keys();
    return Math.max(1, endOf(oldest) - now);
  }
}

/**
 * Counts invalid requests: responses of 401, 403 or 429. Discord bans an IP address after 10,000 of them in ten
 * minutes.
 *
 * Untrusted calls, whose tokens a client may have made up, count too. Together they may use a tenth of the limit,
 * including calls in flight. When they reach it, only untrusted calls stop.
 *
 * @see https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
 */
export class InvalidRequests {
  readonly #limit: number;
  readonly #warnAt: number;
  readonly #untrustedLimit: number;
  readonly #all = new RecentCount();
  readonly #untrusted = new RecentCount();
  #untrustedInFlight = 0;
  #hasWarned = false;

  constructor(limit: number) {
    this.#limit = limit;
    this.#warnAt = Math.min(WARN_AT, limit);
    this.#untrustedLimit = Math.max(1, Math.floor(limit * UNTRUSTED_SHARE));
  }

  /** Returns what a call has to wait for, if anything. */
  waitFor(now: number, isUntrusted: boolean): Wait | undefined {
    if (this.#all.at(now) >= this.#limit) return { scope: "global", ms: this.#all.msUntilFewer(now) };
    if (!isUntrusted) return undefined;
    const count = this.#untrusted.at(now);
    if (count >= this.#untrustedLimit) return { scope: "user", ms: this.#untrusted.msUntilFewer(now) };
    const isRoom = count + this.#untrustedInFlight < this.#untrustedLimit;
    return isRoom ? undefined : { scope: "user", ms: SOON_MS };
  }

  /** Counts an untrusted call as in flight. */
  beginUntrusted(): void {
    this.#untrustedInFlight += 1;
  }

  /** Ends an untrusted call, with or without a response. */
  endUntrusted(): void {
    this.#untrustedInFlight -= 1;
  }

  /** Counts an invalid request. */
  add(now: number, isUntrusted: boolean): void {
    if (isUntrusted) this.#untrusted.add(now);
    if (this.#all.at(now) < this.#warnAt) this.#hasWarned = false;
    this.#all.add(now);
    if (this.#hasWarned || this.#all.at(now) < this.#warnAt) return;
    this.#hasWarned = true;
    process.emitWarning(
      `Discord answered ${this.#warnAt} calls of this process with 401, 403 or 429 within ten minutes. Discord bans an IP address at 10,000; this process stops its calls at ${this.#limit}. Look for a rejected token or a loop.`,
      { code: "EXPRESS_DISCORD_INVALID_REQUESTS" },
    );
  }
}

/** Whether Discord counts a response as an invalid request of this IP address. */
export function countsAsInvalid(status: number, headers: AnswerHeaders): boolean {
  return status === 401 || status === 403 || (status === 429 && headers["x-ratelimit-scope"] !== "shared");
}

function endOf(step: number): number {
  return (step + 1 + STEPS) * STEP_MS;
}
