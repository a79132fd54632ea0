import { LRUCache } from "lru-cache";
import { hasPassed, now } from "../clock.js";
import type { RateLimitScope } from "../errors.js";

const MOST = 10_000;
const EVERYTHING = "*";

interface Stop {
  readonly since: number;
  readonly ms: number;
  readonly scope: RateLimitScope;
}

/** What must not be called for a while, by subject or by route. A clock that is set back ends it. */
export class Stops {
  readonly #stops = new LRUCache<string, Stop>({ max: MOST });

  /** @param key `undefined`: everything. Where it is stopped for longer already, nothing changes. */
  add(key: string | undefined, ms: number, scope: RateLimitScope): void {
    const name = key ?? EVERYTHING;
    const known = this.#left(name);
    if (known === undefined || known.ms < ms) this.#stops.set(name, { since: now(), ms, scope });
  }

  /** What a call has to wait for. */
  waitFor(key: string): { readonly ms: number; readonly scope: RateLimitScope } | undefined {
    return this.#left(EVERYTHING) ?? this.#left(key);
  }

  #left(name: string): { readonly ms: number; readonly scope: RateLimitScope } | undefined {
    const stop = this.#stops.get(name);
    if (stop === undefined || hasPassed(stop.ms, stop.since)) return undefined;
    return { ms: stop.since + stop.ms - now(), scope: stop.scope };
  }
}
