import { LRUCache } from "lru-cache";
import type { RateLimitScope } from "../errors.js";
import { type Announcement, callsLeft, mergeWindows, type Wait, type Window } from "./rate-limits.js";

/** One rate limit of one subject. */
interface Bucket {
  readonly key: string;
  window: Window;
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
/** So many buckets are remembered exactly. Of more than that, those with plenty left are forgotten. */
const ROOMY = 1000;
const MOST = 50_000;

/**
 * The rate limits of every subject, each for itself. Nothing is held back on a guess: what a subject has not been told
 * is taken from what the route's limit is for others, and else goes out. Without timers: the time is passed in.
 */
export class Buckets {
  readonly #routes = new LRUCache<string, RouteLimit>({ max: ROUTES });
  readonly #firstRouteOf = new LRUCache<string, string>({ max: ROUTES });
  readonly #buckets = new Map<string, Bucket>();
  #hand = this.#buckets.values();

  /** How many are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Counts the call as in flight, or says what it has to wait for. */
  reserve(slot: Slot, now: number): Wait | undefined {
    const route = this.#routes.get(slot.route);
    const key = keyOf(slot, route);
    const bucket = this.#buckets.get(key) ?? (route && this.#add(key, route.limit, now));
    if (bucket === undefined) return undefined;
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

  /** Takes in what an answer announces; undefined where it announces nothing, or where none came. */
  learn(slot: Slot, told: Announcement | undefined, now: number): void {
    const counted = slot.bucket;
    slot.bucket = undefined;
    if (counted !== undefined) counted.inFlight -= 1;
    if (told !== undefined) {
      const key = keyOf(slot, this.#learnRoute(slot.route, told));
      const bucket = this.#buckets.get(key) ?? this.#add(key, told.limit, now);
      const window = mergeWindows(bucket.window, told, now);
      if (window === told) bucket.scope = "user";
      bucket.window = window;
      this.#settle(bucket, now);
    } else if (counted !== undefined) {
      // Discord may have counted what it did not answer.
      const { window } = counted;
      counted.window = { ...window, remaining: Math.max(0, window.remaining - 1) };
    }
    if (counted !== undefined) this.#settle(counted, now);
  }

  /** Takes in a 429, which outweighs what later answers to earlier calls announce. */
  exhaust(slot: Slot, retryAfterMs: number, scope: RateLimitScope, now: number): void {
    const route = this.#routes.get(slot.route);
    const key = keyOf(slot, route);
    const bucket = this.#buckets.get(key) ?? this.#add(key, route?.limit ?? 1, now);
    bucket.scope = scope;
    bucket.window = {
      limit: bucket.window.limit,
      remaining: 0,
      resetAt: now + retryAfterMs,
      windowEnd: Number.POSITIVE_INFINITY,
    };
    this.#settle(bucket, now);
  }

  #learnRoute(route: string, { bucket, limit }: Announcement): RouteLimit {
    const first = bucket === undefined ? route : (this.#firstRouteOf.get(bucket) ?? route);
    if (bucket !== undefined && first === route) this.#firstRouteOf.set(bucket, route);
    const known = this.#routes.get(route);
    if (known?.keptUnder === first && known.limit === limit) return known;
    const learned = { keptUnder: first, limit };
    this.#routes.set(route, learned);
    return learned;
  }

  #add(key: string, limit: number, now: number): Bucket {
    this.#sweep(now);
    const window = { limit, remaining: limit, resetAt: 0, windowEnd: 0 };
    const bucket: Bucket = { key, window, scope: "user", inFlight: 0, waiting: undefined };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Looks at two for each new one, going round and round. */
  #sweep(now: number): void {
    for (let looked = 0; looked < 2; looked++) {
      const { value: bucket } = this.#hand.next();
      if (bucket === undefined) this.#hand = this.#buckets.values();
      else if (this.#buckets.size >= MOST || !this.#isNeeded(bucket, now)) this.#buckets.delete(bucket.key);
    }
  }

  #settle(bucket: Bucket, now: number): void {
    const { key, waiting } = bucket;
    bucket.waiting = undefined;
    if (!this.#isNeeded(bucket, now) && this.#buckets.get(key) === bucket) this.#buckets.delete(key);
    if (waiting !== undefined) for (const wake of waiting) wake();
  }

  #isNeeded({ window, inFlight }: Bucket, now: number): boolean {
    if (inFlight > 0) return true;
    if (now >= window.resetAt) return false;
    return this.#buckets.size <= ROOMY || window.remaining <= 1 || window.remaining * 2 < window.limit;
  }
}

function keyOf({ subject, route, major }: Slot, limit: RouteLimit | undefined): string {
  return `${subject}\n${limit?.keptUnder ?? route}\n${major}`;
}
