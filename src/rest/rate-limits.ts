import { isRecord } from "../check-options.js";
import type { RateLimitScope } from "../errors.js";

/** The headers of a response, with names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The current window of a rate limit. */
export interface Window {
  /** Calls per window, at least 1. */
  readonly limit: number;
  /** Calls left until `resetAt`. */
  readonly remaining: number;
  /** By this process's clock. */
  readonly resetAt: number;
  /** In epoch milliseconds by Discord's clock. Identifies the window, however long a response was in transit. */
  readonly windowEnd: number;
}

/** The parsed rate limit headers of a response. */
export interface RateLimitHeaders extends Window {
  /** Discord's id of the limit. Routes with the same id share the limit. */
  readonly bucket: string | undefined;
}

/** What a call has to wait for. */
export interface Wait {
  readonly scope: RateLimitScope;
  /** Milliseconds; `undefined` if only the response to another call can end the wait. */
  readonly ms?: number | undefined;
  /** Calls back once, when a response has changed the rate limit. */
  readonly onChange?: (wake: () => void) => void;
}

/** The longest accepted wait: bans last up to a day, so longer times are errors. */
const LONGEST_S = 86_400;
const SAME_WINDOW_MS = 50;
/** Assumed waits if a 429 does not say how long: for every call, and for the calls of one rate limit. */
const UNNAMED_S = 60;
const ASSUMED_S = 1;
const DECIMAL = /^\d+(?:\.\d+)?$/;
const TEMPORARY_BAN = /blocked from accessing our API/i;

/**
 * Parses the rate limit headers of a response.
 *
 * @returns `undefined` if there are none
 * @see https://docs.discord.com/developers/topics/rate-limits#header-format
 */
export function readRateLimitHeaders(headers: AnswerHeaders, now: number): RateLimitHeaders | undefined {
  const remaining = decimal(headers["x-ratelimit-remaining"]);
  const resetAfterS = boundedSeconds(headers["x-ratelimit-reset-after"]);
  if (remaining === undefined || resetAfterS === undefined) return undefined;
  const resetAt = now + Math.ceil(resetAfterS * 1000);
  const windowEndS = decimal(headers["x-ratelimit-reset"]);
  const bucket = headers["x-ratelimit-bucket"];
  return {
    bucket: typeof bucket === "string" ? bucket : undefined,
    limit: Math.max(1, decimal(headers["x-ratelimit-limit"]) ?? 0, remaining),
    remaining,
    resetAt,
    windowEnd: windowEndS === undefined ? resetAt : windowEndS * 1000,
  };
}

/** Whether Discord counts a response as an invalid request of this IP address. */
export function countsAsInvalid(status: number, headers: AnswerHeaders): boolean {
  return status === 401 || status === 403 || (status === 429 && headers["x-ratelimit-scope"] !== "shared");
}

/**
 * Parses a response of 429. If it is neither JSON nor has rate limit headers, it comes from Cloudflare and is for all
 * calls from this IP address; so is a ban.
 *
 * @param body the parsed JSON, or any other value if it is not JSON
 */
export function readRefusal(headers: AnswerHeaders, body: unknown) {
  const json = isRecord(body) ? body : undefined;
  const named = boundedNumber(json?.["retry_after"]);
  const message = json?.["message"];
  const isBan = named === undefined && typeof message === "string" && TEMPORARY_BAN.test(message);
  const namesLimit =
    headers["x-ratelimit-scope"] !== undefined || headers["x-ratelimit-bucket"] !== undefined;
  const isForAll = isBan || (json === undefined && !namesLimit);
  const retryAfterS =
    named ??
    boundedSeconds(headers["retry-after"]) ??
    boundedSeconds(headers["x-ratelimit-reset-after"]) ??
    (isForAll ? UNNAMED_S : ASSUMED_S);
  return { retryAfterS, scope: isForAll ? "global" : scopeOf(headers, json?.["global"]), isForAll };
}

/** Returns the window after a response. Responses may arrive out of order. */
export function mergeWindows(current: Window, next: Window, now: number): Window {
  const ahead = next.windowEnd - current.windowEnd;
  if (now >= current.resetAt || ahead > SAME_WINDOW_MS) return next;
  if (ahead < -SAME_WINDOW_MS) return current;
  const { limit, resetAt, windowEnd } = next;
  return { limit, remaining: Math.min(current.remaining, next.remaining), resetAt, windowEnd };
}

/** Returns how many more calls may be sent. Discord may not have counted those in flight yet. */
export function callsLeft(window: Window, inFlight: number, now: number): number {
  return (now >= window.resetAt ? window.limit : window.remaining) - inFlight;
}

function scopeOf(headers: AnswerHeaders, isGlobal: unknown): RateLimitScope {
  const scope = headers["x-ratelimit-scope"];
  if (scope === "global" || headers["x-ratelimit-global"] === "true" || isGlobal === true) return "global";
  return scope === "shared" ? "shared" : "user";
}

function decimal(value: string | string[] | undefined): number | undefined {
  return typeof value === "string" && DECIMAL.test(value) ? Number(value) : undefined;
}

function boundedSeconds(value: string | string[] | undefined): number | undefined {
  return boundedNumber(decimal(value));
}

function boundedNumber(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 ? Math.min(value, LONGEST_S) : undefined;
}
