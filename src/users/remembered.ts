import type { LRUCache } from "lru-cache";
import { optionsChecker } from "../check-options.js";
import { now } from "../clock.js";
import { BOOLEAN, DURATION } from "../option-kinds.js";

/** How old an answer may be. */
export interface FetchOptions {
  /** Asks Discord, whatever is remembered. */
  readonly fresh?: boolean | undefined;
  /** Milliseconds; asks Discord when what is remembered is older. */
  readonly maxAgeMs?: number | undefined;
}

/** @throws TypeError */
export const fetchOptions: (options: FetchOptions | undefined) => FetchOptions = optionsChecker<FetchOptions>(
  {
    of: "A fetch",
    example: "{ fresh: true }",
    kinds: { fresh: BOOLEAN, maxAgeMs: DURATION },
  },
);

/** A cache in which concurrent misses of one key share one load. */
export class Remembered<T extends object> {
  readonly #cache: LRUCache<string, T>;
  readonly #underway = new Map<string, Promise<T>>();
  /** Epoch milliseconds; an app's own cache does not tell how old a value is. */
  readonly #loadedAt = new WeakMap<T, number>();

  readonly #keepsStale: boolean;

  /** @param keepsStale whether values that have expired stay there, for {@link lastKnown} */
  constructor(cache: LRUCache<string, T>, keepsStale = false) {
    this.#cache = cache;
    this.#keepsStale = keepsStale;
  }

  /** What was remembered last, however old. */
  lastKnown(key: string): T | undefined {
    return this.#cache.peek(key, { allowStale: true });
  }

  async fetch(key: string, options: FetchOptions, load: () => Promise<T>): Promise<T> {
    const known = options.fresh ? undefined : this.#cache.get(key, { noDeleteOnStaleGet: this.#keepsStale });
    if (known !== undefined && this.#isYoung(known, options.maxAgeMs)) return known;
    return this.#underway.get(key) ?? this.#load(key, load);
  }

  /** Forgets everything whose key starts so, also what is still on its way. */
  forget(prefix: string): void {
    for (const map of [this.#cache, this.#underway]) {
      for (const key of map.keys()) {
        if (key.startsWith(prefix)) map.delete(key);
      }
    }
  }

  #load(key: string, load: () => Promise<T>): Promise<T> {
    const loading = load()
      .then((value) => {
        this.#loadedAt.set(value, now());
        if (this.#underway.get(key) === loading) this.#cache.set(key, value);
        return value;
      })
      .finally(() => {
        if (this.#underway.get(key) === loading) this.#underway.delete(key);
      });
    this.#underway.set(key, loading);
    return loading;
  }

  #isYoung(value: T, maxAgeMs: number | undefined): boolean {
    if (maxAgeMs === undefined) return true;
    const loadedAt = this.#loadedAt.get(value) ?? Number.NEGATIVE_INFINITY;
    return Math.abs(now() - loadedAt) <= maxAgeMs;
  }
}
