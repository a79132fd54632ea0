import { LRUCache } from "lru-cache";
import { optionsChecker } from "../check-options.js";
import { steadyNow } from "../clock.js";
import type { Config } from "../config.js";
import { BOOLEAN, DURATION, oneOf } from "../option-kinds.js";

/** The accepted age of cached data, counted from the start of the call to Discord. */
export interface FetchOptions {
  /** `true`: calls Discord even if the data is cached. The same as `maxAgeMs: 0`. */
  readonly fresh?: boolean | undefined;
  /** Milliseconds. Calls Discord if the cached data is this old or older. */
  readonly maxAgeMs?: number | undefined;
}

/** Options of `fetchGuilds`. */
export interface GuildsOptions extends FetchOptions {
  /** `true`: sets `hasBot` of each guild. Needs the bot's token. */
  readonly withBot?: boolean | undefined;
}

/** Options of `fetchMember`. */
export interface MemberOptions extends FetchOptions {
  /** `"bot"`: looks the user up as the bot, which must be in the guild. The user only needs the scope `identify`. */
  readonly as?: "bot" | undefined;
}

/** @throws TypeError */
export const guildsOptions = optionsChecker<GuildsOptions>({
  of: "fetchGuilds",
  example: "{ withBot: true }",
  kinds: { fresh: BOOLEAN, maxAgeMs: DURATION, withBot: BOOLEAN },
});

/** @throws TypeError */
export const memberOptions = optionsChecker<MemberOptions>({
  of: "fetchMember",
  example: '{ as: "bot" }',
  kinds: { fresh: BOOLEAN, maxAgeMs: DURATION, as: oneOf("bot") },
});

/** @throws TypeError */
export const fetchOptions = optionsChecker<FetchOptions>({
  of: "A fetch",
  example: "{ fresh: true }",
  kinds: { fresh: BOOLEAN, maxAgeMs: DURATION },
});

/** Parsed JSON takes about this many bytes of memory per character (measured: 1.2 to 1.9). */
const BYTES_PER_CHARACTER = 2;

/** Creates a cache with the configured limits. @internal */
export function createCache<T extends object>({
  cacheMax,
  cacheMaxBytes,
  cacheTtlMs,
}: Config): LRUCache<string, T> {
  return new LRUCache<string, T>({
    max: cacheMax,
    maxSize: cacheMaxBytes,
    sizeCalculation: (value) => BYTES_PER_CHARACTER * JSON.stringify(value).length,
    ttl: cacheTtlMs,
    ttlResolution: 0,
    perf: { now: steadyNow },
  });
}

/** Returns the cache key of a grant and a guild. Without a guild, it is the prefix of all keys of the grant. */
export function cacheKey(grantId: string, guildId = ""): string {
  return `${grantId} ${guildId}`;
}

interface Load<T> {
  readonly value: Promise<T>;
  readonly startedAt: number;
  readonly accessToken: string | undefined;
}

/** A cache. Concurrent misses of one key share one load. */
export class LoadingCache<T extends object> {
  readonly #cache: LRUCache<string, T>;
  readonly #inFlight = new Map<string, Load<T>>();
  /** When each value's load started, by {@link steadyNow}. Values in the app's own cache may have none. */
  readonly #startedAt = new WeakMap<T, number>();

  constructor(cache: LRUCache<string, T>) {
    this.#cache = cache;
  }

  /**
   * @param accessToken the token that the load uses. Loads with different tokens are not shared: one with an earlier
   * token may be waiting for a refresh that in turn waits for this call
   */
  async fetch(
    key: string,
    { fresh, maxAgeMs }: FetchOptions,
    load: () => Promise<T>,
    accessToken?: string,
  ): Promise<T> {
    const limitMs = fresh ? 0 : maxAgeMs;
    // Keeps expired values until they are replaced, for lastKnown.
    const cached = this.#cache.get(key, { noDeleteOnStaleGet: true });
    if (cached !== undefined && isYoung(this.#startedAt.get(cached), limitMs)) return cached;
    const inFlight = this.#inFlight.get(key);
    const isShared = inFlight?.accessToken === accessToken && isYoung(inFlight?.startedAt, limitMs);
    return inFlight && isShared ? inFlight.value : this.#load(key, load, accessToken);
  }

  /** Returns the last loaded value of any age. */
  lastKnown(key: string): T | undefined {
    return this.#cache.peek(key, { allowStale: true });
  }

  /** Removes all values whose key starts with `prefix`, including loads in flight. */
  forget(prefix: string): void {
    for (const map of [this.#cache, this.#inFlight]) {
      for (const key of map.keys()) {
        if (key.startsWith(prefix)) map.delete(key);
      }
    }
  }

  /** Loads a value. Caches it only if no later load of the same key has started. */
  #load(key: string, load: () => Promise<T>, accessToken: string | undefined): Promise<T> {
    const startedAt = steadyNow();
    const isLast = () => this.#inFlight.get(key)?.value === value;
    const value = load()
      .then((loaded) => {
        this.#startedAt.set(loaded, startedAt);
        if (isLast()) this.#cache.set(key, loaded);
        return loaded;
      })
      .finally(() => {
        if (isLast()) this.#inFlight.delete(key);
      });
    this.#inFlight.set(key, { value, startedAt, accessToken });
    return value;
  }
}

function isYoung(startedAt = Number.NEGATIVE_INFINITY, limitMs: number | undefined): boolean {
  return limitMs === undefined || steadyNow() - startedAt < limitMs;
}
