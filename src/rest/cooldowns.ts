import { LRUCache } from "lru-cache";
import { hasPassed, now } from "../clock.js";
import type { RateLimitScope } from "../errors.js";

const MOST = 10_000;
const EVERYTHING = "*";

interface Cooldown {
  readonly startedAt: number;
  readonly ms: number;
  readonly scope: RateLimitScope;
}

/** Subjects whose calls are all held back for a while. A clock that is set back ends a cooldown. */
export class Cooldowns {
  readonly #cooldowns = new LRUCache<string, Cooldown>({ max: MOST });

  /** @param subject `undefined`: everything. A shorter cooldown does not shorten a longer one. */
  start(subject: string | undefined, ms: number, scope: RateLimitScope): void {
    const key = subject ?? EVERYTHING;
    const current = this.#left(key);
    if (current === undefined || current.ms < ms) this.#cooldowns.set(key, { startedAt: now(), ms, scope });
  }

  /** What a call of this subject has to wait for. */
  waitFor(subject: string): { readonly ms: number; readonly scope: RateLimitScope } | undefined {
    return this.#left(EVERYTHING) ?? this.#left(subject);
  }

  #left(key: string): { readonly ms: number; readonly scope: RateLimitScope } | undefined {
    const cooldown = this.#cooldowns.get(key);
    if (cooldown === undefined || hasPassed(cooldown.ms, cooldown.startedAt)) return undefined;
    return { ms: cooldown.startedAt + cooldown.ms - now(), scope: cooldown.scope };
  }
}
