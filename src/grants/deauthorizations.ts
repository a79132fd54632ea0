import { boundedCache } from "../bounded-cache.js";
import { now } from "../clock.js";
import { CLOCK_MARGIN_MS } from "./time-limits.js";
import type { Token } from "./token.js";

interface Deauthorization {
  /** Epoch milliseconds. */
  readonly at: number;
  /** How far Discord's clock and ours may differ. */
  readonly marginMs: number;
}

/** Users who have removed the app at Discord, as reported by a webhook event or the app. */
export class Deauthorizations {
  readonly #byUser = boundedCache<Deauthorization>(10_000);
  /** Grants that Discord confirmed after the report, with the time of that report. */
  readonly #confirmed = boundedCache<number>(10_000);

  /** @param at by Discord's clock, which may differ from ours. Default: now, by our clock */
  add(userId: string, at: Date | undefined): void {
    const marginMs = at ? CLOCK_MARGIN_MS : 0;
    const time = Math.min(at?.getTime() || now(), now());
    if (time >= (this.#byUser.get(userId)?.at ?? 0)) this.#byUser.set(userId, { at: time, marginMs });
  }

  /**
   * Whether a token was issued before its user removed the app; `undefined` when the clocks cannot tell.
   */
  concerns(token: Token): boolean | undefined {
    const { userId = "" } = token;
    const deauthorization = this.#byUser.get(userId);
    if (!deauthorization) return false;
    const { at, marginMs } = deauthorization;
    const isConfirmed = this.#confirmed.get(token.id) === at;
    // The clock was set back, so new sign-ins look older than the report.
    if (at > now()) return isConfirmed ? false : undefined;
    if (token.issuedAt <= at - marginMs) return true;
    return token.issuedAt > at + marginMs || isConfirmed ? false : undefined;
  }

  confirm(token: Token): void {
    const at = this.#byUser.get(token.userId ?? "")?.at;
    if (at !== undefined) this.#confirmed.set(token.id, at);
  }
}
