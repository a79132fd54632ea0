import type { OutgoingHttpHeaders } from "node:http";
import { type Answer, json } from "./answer.js";

const FIRST_VERSION_IN_SECONDS = 8;

/** The exceeded limit: of the caller on a route, of the caller on all routes, or of a shared resource. */
export type RateLimitScope = "user" | "global" | "shared";

/** A call that exceeded a rate limit. */
export interface TooFast {
  readonly scope: RateLimitScope;
  readonly retryAfterMs: number;
  /** The template of the route. */
  readonly route: string;
  /** The API version. */
  readonly version: number;
  /** The headers of the bucket, if there is one. */
  readonly bucketHeaders?: OutgoingHttpHeaders;
}

/** Creates Discord's 429. Before API version 8, its times are in milliseconds. */
export function tooManyRequests({ scope, retryAfterMs, route, version, bucketHeaders }: TooFast): Answer {
  const inSeconds = version >= FIRST_VERSION_IN_SECONDS;
  const what = scope === "shared" ? "The resource is" : "You are";
  const body = {
    message: `${what} being rate limited.`,
    retry_after: inSeconds ? retryAfterMs / 1000 : retryAfterMs,
    global: scope === "global",
  };
  const limitHeaders = { ...bucketHeaders, "X-RateLimit-Scope": scope };
  if (scope === "global") Object.assign(limitHeaders, { "X-RateLimit-Global": "true" });
  return json(429, body, {
    "Retry-After": inSeconds ? Math.ceil(retryAfterMs / 1000) : retryAfterMs,
    ...(sendsLimitHeaders(route) && limitHeaders),
  });
}

/** The token endpoints count by IP address and send no rate limit headers. */
export function sendsLimitHeaders(route: string): boolean {
  return !route.startsWith("/oauth2/token");
}

/** Creates Cloudflare's 429. */
export function cloudflareRefusal(form: "text" | "html", retryAfterSeconds?: number): Answer {
  const retryAfter = retryAfterSeconds === undefined ? {} : { "Retry-After": retryAfterSeconds };
  const headers = { Server: "cloudflare", ...retryAfter };
  if (form === "text") {
    return {
      status: 429,
      headers: { "Content-Type": "text/plain; charset=UTF-8", ...headers },
      body: "error code: 1015",
      isFromEdge: true,
    };
  }
  const body =
    "<!doctype html><title>Access denied | discord.com used Cloudflare to restrict access</title><h1>Error 1015</h1>";
  return {
    status: 429,
    headers: { "Content-Type": "text/html; charset=UTF-8", ...headers },
    body,
    isFromEdge: true,
  };
}
