import { LRUCache } from "lru-cache";
import { now } from "../clock.js";
import { CLOCK_MARGIN_MS } from "./time-limits.js";
import type { Token } from "./token.js";

interface Deauthorization {
  /** Epoch milliseconds. */
  readonly at: number;
  /** How much later a token may have been issued and still be concerned. */
  readonly marginMs: number;
}

/** Users who were reported to have removed the app at Discord. */
export class Deauthorizations {
  readonly #byUser = new LRUCache<string, Deauthorization>({ max: 10_000 });
  /** Tokens that Discord has confirmed since. */
  readonly #confirmed = new LRUCache<string, number>({ max: 10_000 });

  /** @param at by Discord's clock, which may differ from ours; default: now, by ours */
  add(userId: string, at: Date | undefined): void {
    const marginMs = at ? CLOCK_MARGIN_MS : 0;
    const time = Math.min(at?.getTime() || now(), now());
    if (time >= (this.#byUser.get(userId)?.at ?? 0)) this.#byUser.set(userId, { at: time, marginMs });
  }

  /** Whether a token was issued before its user removed the app; `undefined` where the clocks leave that open. */
  concerns(token: Token): boolean | undefined {
    const { userId = "" } = token;
    const deauthorization = this.#byUser.get(userId);
    // Where the clock was set back, new sign-ins would seem to be older.
    if (!deauthorization || deauthorization.at > now()) return false;
    const { at, marginMs } = deauthorization;
    if (token.issuedAt <= at - marginMs) return true;
    if (token.issuedAt > at + marginMs || this.#confirmed.get(token.id) === at) return false;
    return undefined;
  }

  confirm(token: Token): void {
    const at = this.#byUser.get(token.userId ?? "")?.at;
    if (at !== undefined) this.#confirmed.set(token.id, at);
  }
}
