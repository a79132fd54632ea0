import { boundedCache } from "../bounded-cache.js";
import { now } from "../clock.js";
import { CLOCK_MARGIN_MS } from "./time-limits.js";
import type { Token } from "./token.js";

/** The earliest and the latest time at which the user may have removed the app, in epoch milliseconds. */
interface Period {
  readonly from: number;
  readonly to: number;
}

/** Users who have removed the app at Discord, as reported by a webhook event or the app. */
export class Deauthorizations {
  readonly #byUser = boundedCache<Period>(10_000);
  /** Grants that Discord confirmed after a report, with that report. */
  readonly #confirmed = boundedCache<Period>(10_000);

  /** @param at by Discord's clock, which may differ from ours. Default: now, by our clock */
  add(userId: string, at: Date | undefined): void {
    const marginMs = at ? CLOCK_MARGIN_MS : 0;
    const time = Math.min(at?.getTime() || now(), now());
    this.#add(userId, time - marginMs, time + marginMs);
  }

  /**
   * Includes a margin, because the processes that issued the user's tokens may have other clocks.
   *
   * @param since when this process asked Discord to revoke the user's tokens, in epoch milliseconds
   */
  addRevocation(userId: string, since: number): void {
    this.#add(userId, Math.min(since, now()) - CLOCK_MARGIN_MS, now() + CLOCK_MARGIN_MS);
  }

  #add(userId: string, from: number, to: number): void {
    const former = this.#byUser.get(userId);
    if (!former || from + to >= former.from + former.to) this.#byUser.set(userId, { from, to });
  }

  /** Whether a token was issued before its user removed the app; `undefined` when the clocks cannot tell. */
  concerns(token: Token): boolean | undefined {
    const period = this.#byUser.get(token.userId ?? "");
    if (!period || this.#confirmed.get(token.id) === period) return false;
    const { from, to } = period;
    // The clock was set back, so new sign-ins look older than the report.
    if (from > now()) return undefined;
    if (token.issuedAt <= from) return true;
    return token.issuedAt > to ? false : undefined;
  }

  confirm(token: Token): void {
    const period = this.#byUser.get(token.userId ?? "");
    if (period) this.#confirmed.set(token.id, period);
  }
}
