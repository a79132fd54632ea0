import type { LRUCache } from "lru-cache";
import { boundedCache } from "../bounded-cache.js";
import type { RateLimitScope } from "../errors.js";
import { callsLeft, mergeWindows, type RateLimitHeaders, type Wait, type Window } from "./rate-limits.js";

/** The state of one rate limit of one subject. */
interface Bucket {
  readonly key: string;
  window: Window;
  scope: RateLimitScope;
  inFlight: number;
  waiting: (() => void)[];
}

/** Identifies the rate limit of one call. */
export interface Slot {
  readonly subject: string;
  /** The method and the route's template. */
  readonly route: string;
  readonly major: string;
  /** The bucket that counts the call as in flight; `undefined` before and after. */
  bucket: Bucket | undefined;
}

/** The most routes kept: more than Discord's API has. */
const ROUTES = 1000;
/** The most buckets kept. The least recently used is dropped; its subject may then get one more 429. */
const BUCKETS = 10_000;

/**
 * The rate limits of every subject. No call waits on a guess: a new subject starts with the route's limit as seen for
 * other subjects, or with none. Uses no timers; callers pass in the time, which must not go back.
 */
export class Buckets {
  /** The last headers of each route. Its limit and its id are the same for all subjects. */
  readonly #routes = boundedCache<RateLimitHeaders>(ROUTES);
  readonly #buckets: LRUCache<string, Bucket>;

  constructor(max = BUCKETS) {
    this.#buckets = boundedCache<Bucket>(max);
  }

  /** The number of buckets kept. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Counts the call as in flight and returns `undefined`, or returns what it has to wait for. */
  reserve(slot: Slot, now: number): Wait | undefined {
    const route = this.#routes.get(slot.route);
    const key = keyOf(slot, route);
    const bucket = this.#buckets.get(key) ?? (route && this.#add(key, route.limit));
    if (bucket === undefined) return undefined;
    const { window, scope, inFlight } = bucket;
    if (callsLeft(window, inFlight, now) < 1) {
      return {
        scope,
        ms: window.resetAt > now ? window.resetAt - now : undefined,
        onChange: (wake) => void bucket.waiting.push(wake),
      };
    }
    bucket.inFlight += 1;
    slot.bucket = bucket;
    return undefined;
  }

  /**
   * Ends the call's time in flight and updates its bucket.
   *
   * @param headers `undefined` without a response, or for one without rate limit headers
   */
  learn(slot: Slot, headers: RateLimitHeaders | undefined, now: number): void {
    const counted = slot.bucket;
    slot.bucket = undefined;
    if (counted !== undefined) counted.inFlight -= 1;
    if (headers !== undefined) {
      this.#routes.set(slot.route, headers);
      const key = keyOf(slot, headers);
      const bucket = this.#buckets.get(key) ?? this.#add(key, headers.limit);
      const window = mergeWindows(bucket.window, headers, now);
      if (window === headers) bucket.scope = "user";
      bucket.window = window;
      this.#settle(bucket, now);
    } else if (counted !== undefined) {
      // Discord may have counted the call even without a response.
      const { window } = counted;
      counted.window = { ...window, remaining: Math.max(0, window.remaining - 1) };
    }
    if (counted !== undefined) this.#settle(counted, now);
  }

  /** Updates the bucket after a 429, which overrides the headers of late responses to earlier calls. */
  exhaust(slot: Slot, retryAfterMs: number, scope: RateLimitScope, now: number): void {
    const route = this.#routes.get(slot.route);
    const key = keyOf(slot, route);
    const bucket = this.#buckets.get(key) ?? this.#add(key, route?.limit ?? 1);
    bucket.scope = scope;
    bucket.window = {
      limit: bucket.window.limit,
      remaining: 0,
      resetAt: now + retryAfterMs,
      windowEnd: Number.POSITIVE_INFINITY,
    };
    this.#settle(bucket, now);
  }

  #add(key: string, limit: number): Bucket {
    const window = { limit, remaining: limit, resetAt: 0, windowEnd: 0 };
    const bucket: Bucket = { key, window, scope: "user", inFlight: 0, waiting: [] };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Wakes the calls that wait for a bucket, and drops the bucket if its window has ended and no call is in flight. */
  #settle(bucket: Bucket, now: number): void {
    const { key, waiting, window, inFlight } = bucket;
    bucket.waiting = [];
    if (inFlight === 0 && now >= window.resetAt && this.#buckets.peek(key) === bucket)
      this.#buckets.delete(key);
    for (const wake of waiting) wake();
  }
}

/** Several routes may share a limit: then its id is the same. */
function keyOf({ subject, route, major }: Slot, limit: RateLimitHeaders | undefined): string {
  return `${subject}\n${limit?.bucket ?? route}\n${major}`;
}
