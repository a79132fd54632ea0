import { boundedCache } from "../bounded-cache.js";
import { hasPassed, now } from "../clock.js";
import type { RateLimitScope } from "../errors.js";

const MOST = 10_000;
const EVERYTHING = "*";

interface Cooldown {
  readonly startedAt: number;
  readonly ms: number;
  readonly scope: RateLimitScope;
}

/** Cooldowns: times in which no call of a subject may be sent. Setting the clock back ends a cooldown. */
export class Cooldowns {
  readonly #cooldowns = boundedCache<Cooldown>(MOST);

  /** Starts a cooldown, unless a longer one is running. @param subject `undefined` for all subjects */
  start(subject: string | undefined, ms: number, scope: RateLimitScope): void {
    const key = subject ?? EVERYTHING;
    const current = this.#left(key);
    if (current === undefined || current.ms < ms) this.#cooldowns.set(key, { startedAt: now(), ms, scope });
  }

  /** Returns the cooldown that a call of this subject has to wait for, if any. */
  waitFor(subject: string): { readonly ms: number; readonly scope: RateLimitScope } | undefined {
    return this.#left(EVERYTHING) ?? this.#left(subject);
  }

  #left(key: string): { readonly ms: number; readonly scope: RateLimitScope } | undefined {
    const cooldown = this.#cooldowns.get(key);
    if (cooldown === undefined || hasPassed(cooldown.ms, cooldown.startedAt)) return undefined;
    return { ms: cooldown.startedAt + cooldown.ms - now(), scope: cooldown.scope };
  }
}
