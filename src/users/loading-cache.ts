import type { LRUCache } from "lru-cache";
import { optionsChecker } from "../check-options.js";
import { now } from "../clock.js";
import { BOOLEAN, DURATION, oneOf } from "../option-kinds.js";

/** How old an answer may be, counted from when Discord was asked. */
export interface FetchOptions {
  /** Asks Discord, whatever is cached. The same as `maxAgeMs: 0`. */
  readonly fresh?: boolean | undefined;
  /** Milliseconds; asks Discord when the cached answer is this old, or older. */
  readonly maxAgeMs?: number | undefined;
}

/** How to fetch a user's guilds. */
export interface GuildsOptions extends FetchOptions {
  /** Sets `hasBot` of each guild, by the list of the bot's guilds. Needs the bot's token. */
  readonly withBot?: boolean | undefined;
}

/** How to fetch a member. */
export interface MemberOptions extends FetchOptions {
  /** `"bot"`: the bot looks the visitor up, who needs to grant no more than `identify`. It must be in the guild. */
  readonly as?: "bot" | undefined;
}

/** @throws TypeError */
export const guildsOptions: (options: GuildsOptions | undefined) => GuildsOptions =
  optionsChecker<GuildsOptions>({
    of: "fetchGuilds",
    example: "{ withBot: true }",
    kinds: { fresh: BOOLEAN, maxAgeMs: DURATION, withBot: BOOLEAN },
  });

/** @throws TypeError */
export const memberOptions: (options: MemberOptions | undefined) => MemberOptions =
  optionsChecker<MemberOptions>({
    of: "fetchMember",
    example: '{ as: "bot" }',
    kinds: { fresh: BOOLEAN, maxAgeMs: DURATION, as: oneOf("bot") },
  });

/** @throws TypeError */
export const fetchOptions: (options: FetchOptions | undefined) => FetchOptions = optionsChecker<FetchOptions>(
  {
    of: "A fetch",
    example: "{ fresh: true }",
    kinds: { fresh: BOOLEAN, maxAgeMs: DURATION },
  },
);

/** The key of what is cached for a grant, and the beginning of all its keys. */
export function cacheKey(grantId: string, guildId = ""): string {
  return `${grantId} ${guildId}`;
}

interface Load<T> {
  readonly value: Promise<T>;
  readonly startedAt: number;
}

/** A cache in which concurrent misses of one key share one load. */
export class LoadingCache<T extends object> {
  readonly #cache: LRUCache<string, T>;
  readonly #inFlight = new Map<string, Load<T>>();
  /** Epoch milliseconds at which each value's load began. Values that the app put into its own cache have none. */
  readonly #startedAt = new WeakMap<T, number>();

  constructor(cache: LRUCache<string, T>) {
    this.#cache = cache;
  }

  async fetch(key: string, { fresh, maxAgeMs }: FetchOptions, load: () => Promise<T>): Promise<T> {
    const limitMs = fresh ? 0 : maxAgeMs;
    // What has expired stays until it is replaced, for lastKnown.
    const cached = this.#cache.get(key, { noDeleteOnStaleGet: true });
    if (cached !== undefined && isYoung(this.#startedAt.get(cached), limitMs)) return cached;
    const inFlight = this.#inFlight.get(key);
    return inFlight && isYoung(inFlight.startedAt, limitMs) ? inFlight.value : this.#load(key, load);
  }

  /** The value that was loaded last, however old. */
  lastKnown(key: string): T | undefined {
    return this.#cache.peek(key, { allowStale: true });
  }

  /** Forgets everything whose key starts with `prefix`, including loads in flight. */
  forget(prefix: string): void {
    for (const map of [this.#cache, this.#inFlight]) {
      for (const key of map.keys()) {
        if (key.startsWith(prefix)) map.delete(key);
      }
    }
  }

  /** The load that began last is the one whose value is cached. */
  #load(key: string, load: () => Promise<T>): Promise<T> {
    const startedAt = now();
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
    this.#inFlight.set(key, { value, startedAt });
    return value;
  }
}

function isYoung(startedAt = Number.NEGATIVE_INFINITY, limitMs: number | undefined): boolean {
  return limitMs === undefined || Math.abs(now() - startedAt) < limitMs;
}
