import { createHash } from "node:crypto";
import type { OutgoingHttpHeaders } from "node:http";
import type { LRUCache } from "lru-cache";
import type { Answer } from "./answer.js";
import type { Behaviour } from "./behaviour.js";
import { boundedMap } from "./bounded-map.js";
import type { PathId } from "./call.js";
import type { SimulatedClock } from "./clock.js";
import { requireFrom } from "./require-from.js";
import { type MatchesRoute, parseRoutePattern, type RoutedRequest } from "./route-pattern.js";
import { cloudflareRefusal, sendsLimitHeaders, tooManyRequests } from "./too-many-requests.js";

const KEPT_WINDOWS = 100_000;
const INVALID_REQUEST_WINDOW_MS = 600_000;
const MAJOR_PARAMETERS = ["guild_id", "channel_id", "webhook_id"];

/** A rate limit of a route, counted for each user, bot or IP address. */
export interface RateLimitRule {
  readonly method?: string;
  /** The route, such as "/users/@me/guilds" or "POST /channels/:id/messages". */
  readonly route: string;
  readonly limit: number;
  readonly windowMs: number;
}

/** A request to check against the limits. */
export interface LimitedRequest extends RoutedRequest {
  readonly version: number;
  readonly ids: readonly PathId[];
  /** A user, the bot or an IP address. */
  readonly subject: string;
}

/** The result of checking a request. */
export interface Verdict {
  /** The rate limit headers of a successful response. */
  readonly headers: OutgoingHttpHeaders;
  readonly refusal?: Answer;
}

interface Bucket {
  readonly rule: RateLimitRule;
  readonly matches: MatchesRoute;
  readonly windows: Windows;
}

type Windows = LRUCache<string, Window>;

interface Window {
  readonly endsAt: number;
  count: number;
}

/** Counts requests in windows. A window starts with its first request. */
export class RateLimits {
  readonly #buckets = new Set<Bucket>();
  readonly #globalWindows = boundedMap<Window>(KEPT_WINDOWS);
  readonly #invalidRequests = boundedMap<Window>(KEPT_WINDOWS);
  readonly #clock: SimulatedClock;
  readonly #behaviour: Behaviour;

  constructor(clock: SimulatedClock, behaviour: Behaviour) {
    this.#clock = clock;
    this.#behaviour = behaviour;
  }

  /** Adds a limit. @returns a function that removes it @throws TypeError for impossible numbers */
  add(rule: RateLimitRule): () => void {
    const matches = parseRoutePattern(rule.route, rule.method);
    requireFrom("limit", rule.limit, 0);
    requireFrom("windowMs", rule.windowMs, 0);
    const bucket = { rule, matches, windows: boundedMap<Window>(KEPT_WINDOWS) };
    this.#buckets.add(bucket);
    return () => this.#buckets.delete(bucket);
  }

  /** Removes all limits, and forgets the requests counted so far. */
  clear(): void {
    this.#buckets.clear();
    this.#globalWindows.clear();
    this.#invalidRequests.clear();
  }

  check(request: LimitedRequest): Verdict {
    const { globalLimit } = this.#behaviour;
    if (globalLimit !== null) {
      const window = this.#count(this.#globalWindows, request.subject, 1000);
      if (window.count > globalLimit) {
        const retryAfterMs = window.endsAt - this.#clock.now();
        return { headers: {}, refusal: tooManyRequests({ ...request, scope: "global", retryAfterMs }) };
      }
    }
    for (const bucket of [...this.#buckets].reverse()) {
      if (bucket.matches(request)) return this.#checkBucket(bucket, request);
    }
    return { headers: {} };
  }

  /** Returns the response for an IP address that was banned for too many invalid requests. */
  checkAddress(address: string): Answer | undefined {
    const { invalidRequestLimit } = this.#behaviour;
    const window = this.#invalidRequests.get(address);
    if (invalidRequestLimit === null || window === undefined || window.endsAt <= this.#clock.now())
      return undefined;
    return window.count >= invalidRequestLimit ? cloudflareRefusal("text") : undefined;
  }

  /** Counts a response if it is an invalid request of the IP address. */
  countAnswer(address: string, { status, headers }: Answer): void {
    const isInvalid = status === 401 || status === 403 || status === 429;
    if (!isInvalid || headers["X-RateLimit-Scope"] === "shared") return;
    this.#count(this.#invalidRequests, address, INVALID_REQUEST_WINDOW_MS);
  }

  #checkBucket({ rule, windows }: Bucket, request: LimitedRequest): Verdict {
    const major = request.ids.find(({ field }) => MAJOR_PARAMETERS.includes(field))?.value ?? "";
    const window = this.#count(windows, `${request.subject} ${major}`, rule.windowMs);
    const leftMs = window.endsAt - this.#clock.now();
    const bucketHeaders: OutgoingHttpHeaders = {
      "X-RateLimit-Limit": rule.limit,
      "X-RateLimit-Remaining": Math.max(0, rule.limit - window.count),
      "X-RateLimit-Reset": (window.endsAt / 1000).toFixed(3),
      "X-RateLimit-Reset-After": (leftMs / 1000).toFixed(3),
      "X-RateLimit-Bucket": bucketHash(rule),
    };
    if (window.count <= rule.limit) return { headers: sendsLimitHeaders(request.route) ? bucketHeaders : {} };
    return {
      headers: {},
      refusal: tooManyRequests({ ...request, scope: "user", retryAfterMs: leftMs, bucketHeaders }),
    };
  }

  #count(windows: Windows, key: string, windowMs: number): Window {
    const now = this.#clock.now();
    const open = windows.get(key);
    const window = open !== undefined && open.endsAt > now ? open : { endsAt: now + windowMs, count: 0 };
    window.count += 1;
    windows.set(key, window);
    return window;
  }
}

function bucketHash({ method = "", route }: RateLimitRule): string {
  return createHash("sha256").update(`${method} ${route}`).digest("hex").slice(0, 32);
}
