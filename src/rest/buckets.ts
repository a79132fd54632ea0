import { LRUCache } from "lru-cache";
import type { RateLimitScope } from "../errors.js";
import { callsLeft, mergeWindows, type RateLimitHeaders, type Wait, type Window } from "./rate-limits.js";

/** One rate limit of one subject. */
interface Bucket {
  readonly key: string;
  window: Window;
  /** Epoch milliseconds. A clock that is set back behind it ends the window. */
  learnedAt: number;
  scope: RateLimitScope;
  inFlight: number;
  waiting: (() => void)[] | undefined;
}

/** What every subject's calls to a route have in common. */
interface RouteLimit {
  /** The route under which buckets are kept: the first one seen of all that share the limit. */
  readonly keptUnder: string;
  readonly limit: number;
}

/** One call among those of its rate limit. */
export interface Slot {
  readonly subject: string;
  /** Method and template. */
  readonly route: string;
  readonly major: string;
  /** Where the call is counted as in flight, until it is answered. */
  bucket: Bucket | undefined;
}

/** More routes than Discord's API has. */
const ROUTES = 1000;
/** Of the buckets beyond that, the one used longest ago is forgotten; its subject may then get one more 429. */
const BUCKETS = 10_000;
/** Clocks are corrected by less all the time. */
const CLOCK_STEP_MS = 1000;

/**
 * The rate limits of every subject, each for itself. Nothing is held back on a guess: a subject about which nothing is
 * known gets the limit that the route has for others, if any. Without timers: the time is passed in.
 */
export class Buckets {
  readonly #routes = new LRUCache<string, RouteLimit>({ max: ROUTES });
  readonly #firstRouteOf = new LRUCache<string, string>({ max: ROUTES });
  readonly #buckets: LRUCache<string, Bucket>;

  constructor(max = BUCKETS) {
    this.#buckets = new LRUCache<string, Bucket>({ max });
  }

  /** How many are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Counts the call as in flight, or says what it has to wait for. */
  reserve(slot: Slot, now: number): Wait | undefined {
    const route = this.#routes.get(slot.route);
    const key = keyOf(slot, route);
    const bucket = this.#buckets.get(key) ?? (route && this.#add(key, route.limit));
    if (bucket === undefined) return undefined;
    if (now < bucket.learnedAt - CLOCK_STEP_MS)
      bucket.window = { ...bucket.window, resetAt: 0, windowEnd: 0 };
    const { window, scope, inFlight } = bucket;
    if (callsLeft(window, inFlight, now) < 1) {
      return {
        scope,
        ms: window.resetAt > now ? window.resetAt - now : undefined,
        onChange: (wake) => {
          bucket.waiting ??= [];
          bucket.waiting.push(wake);
        },
      };
    }
    bucket.inFlight += 1;
    slot.bucket = bucket;
    return undefined;
  }

  /** @param headers `undefined` where an answer has no rate limit headers, or there was none */
  learn(slot: Slot, headers: RateLimitHeaders | undefined, now: number): void {
    const counted = slot.bucket;
    slot.bucket = undefined;
    if (counted !== undefined) counted.inFlight -= 1;
    if (headers !== undefined) {
      const key = keyOf(slot, this.#learnRoute(slot.route, headers));
      const bucket = this.#buckets.get(key) ?? this.#add(key, headers.limit);
      const window = mergeWindows(bucket.window, headers, now);
      if (window === headers) bucket.scope = "user";
      bucket.window = window;
      bucket.learnedAt = now;
      this.#settle(bucket, now);
    } else if (counted !== undefined) {
      // Discord may have counted what it did not answer.
      const { window } = counted;
      counted.window = { ...window, remaining: Math.max(0, window.remaining - 1) };
    }
    if (counted !== undefined) this.#settle(counted, now);
  }

  /** Takes in a 429, which outweighs what later answers to earlier calls say. */
  exhaust(slot: Slot, retryAfterMs: number, scope: RateLimitScope, now: number): void {
    const route = this.#routes.get(slot.route);
    const key = keyOf(slot, route);
    const bucket = this.#buckets.get(key) ?? this.#add(key, route?.limit ?? 1);
    bucket.scope = scope;
    bucket.learnedAt = now;
    bucket.window = {
      limit: bucket.window.limit,
      remaining: 0,
      resetAt: now + retryAfterMs,
      windowEnd: Number.POSITIVE_INFINITY,
    };
    this.#settle(bucket, now);
  }

  #learnRoute(route: string, { bucket, limit }: RateLimitHeaders): RouteLimit {
    const first = bucket === undefined ? route : (this.#firstRouteOf.get(bucket) ?? route);
    if (bucket !== undefined && first === route) this.#firstRouteOf.set(bucket, route);
    const known = this.#routes.get(route);
    if (known?.keptUnder === first && known.limit === limit) return known;
    const learned = { keptUnder: first, limit };
    this.#routes.set(route, learned);
    return learned;
  }

  #add(key: string, limit: number): Bucket {
    const window = { limit, remaining: limit, resetAt: 0, windowEnd: 0 };
    const bucket: Bucket = { key, window, learnedAt: 0, scope: "user", inFlight: 0, waiting: undefined };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Forgets a bucket that says nothing any more, and wakes the calls that wait for it. */
  #settle(bucket: Bucket, now: number): void {
    const { key, waiting, window, inFlight } = bucket;
    bucket.waiting = undefined;
    if (inFlight === 0 && now >= window.resetAt && this.#buckets.peek(key) === bucket)
      this.#buckets.delete(key);
    if (waiting !== undefined) for (const wake of waiting) wake();
  }
}

function keyOf({ subject, route, major }: Slot, limit: RouteLimit | undefined): string {
  return `${subject}\n${limit?.keptUnder ?? route}\n${major}`;
}
