import { now as currentTime } from "../clock.js";
import type { RateLimitScope } from "../errors.js";

/** Headers of an answer, names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What is known about one rate limit: its size, what is left of it, and until when that holds. */
export interface Window {
  /** Calls per window, at least 1. */
  readonly limit: number;
  /** Calls left until `resetAt`. */
  readonly remaining: number;
  /** Epoch milliseconds by this process's clock. */
  readonly resetAt: number;
  /** The same by Discord's clock: tells one window from the next, whatever an answer's way took. */
  readonly windowEnd: number;
}

/** What the rate limit headers of an answer say. */
export interface RateLimitHeaders extends Window {
  /** Discord's name of the limit; routes with the same one share it. */
  readonly bucket: string | undefined;
}

/** What a 429 says. */
export interface Refusal {
  /** Seconds until the next call can succeed. */
  readonly retryAfterS: number;
  readonly scope: RateLimitScope;
  /** Whether it holds for all that comes from here, whoever asks. */
  readonly isForAll: boolean;
}

/** Why a call may not be sent yet. */
export interface Wait {
  readonly scope: RateLimitScope;
  /** Milliseconds; undefined when only the answer to another call can tell. */
  readonly ms: number | undefined;
  /** Calls back once, as soon as an answer has changed what is known. */
  readonly onChange?: (wake: () => void) => void;
}

/** Bans last up to a day; anything above is a mistake somewhere. */
const LONGEST_S = 86_400;
const SAME_WINDOW_MS = 50;
/** Where nothing says how long: for all calls, and for those of one rate limit. */
const UNNAMED_S = 60;
const ASSUMED_S = 1;
const DECIMAL = /^\d+(?:\.\d+)?$/;
const TEMPORARY_BAN = /blocked from accessing our API/i;

/**
 * @returns undefined where the headers name no limit
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

/**
 * Reads a 429. One that neither is JSON nor names a rate limit comes from the edge and holds for every call; so does a ban.
 *
 * @param body the parsed JSON, else anything else
 * @param now epoch milliseconds; needed where Retry-After is a date
 */
export function readRefusal(headers: AnswerHeaders, body: unknown, now = currentTime()): Refusal {
  const json = isJson(body) ? body : undefined;
  const named = boundedNumber(json?.["retry_after"]);
  const message = json?.["message"];
  const isBan = named === undefined && typeof message === "string" && TEMPORARY_BAN.test(message);
  const isForAll = isBan || (json === undefined && !namesLimit(headers));
  const retryAfterS =
    named ??
    boundedSeconds(headers["retry-after"]) ??
    secondsUntil(headers["retry-after"], now) ??
    boundedSeconds(headers["x-ratelimit-reset-after"]) ??
    (isForAll ? UNNAMED_S : ASSUMED_S);
  return { retryAfterS, scope: isForAll ? "global" : scopeOf(headers, json), isForAll };
}

/** What is known after another answer. Answers may overtake each other. */
export function mergeWindows(known: Window, next: Window, now: number): Window {
  const ahead = next.windowEnd - known.windowEnd;
  if (now >= known.resetAt || ahead > SAME_WINDOW_MS) return next;
  if (ahead < -SAME_WINDOW_MS) return known;
  const { limit, resetAt, windowEnd } = next;
  return { limit, remaining: Math.min(known.remaining, next.remaining), resetAt, windowEnd };
}

/** How many more calls may be sent; those in flight may not have been counted by Discord yet. */
export function callsLeft(window: Window, inFlight: number, now: number): number {
  return (now >= window.resetAt ? window.limit : window.remaining) - inFlight;
}

function namesLimit(headers: AnswerHeaders): boolean {
  return headers["x-ratelimit-scope"] !== undefined || headers["x-ratelimit-bucket"] !== undefined;
}

function scopeOf(
  headers: AnswerHeaders,
  json: Readonly<Record<string, unknown>> | undefined,
): RateLimitScope {
  const scope = headers["x-ratelimit-scope"];
  const isGlobal = headers["x-ratelimit-global"] === "true" || json?.["global"] === true;
  if (scope === "global" || isGlobal) return "global";
  return scope === "shared" ? "shared" : "user";
}

function isJson(body: unknown): body is Readonly<Record<string, unknown>> {
  return typeof body === "object" && body !== null && !ArrayBuffer.isView(body);
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

function secondsUntil(date: string | string[] | undefined, now: number): number | undefined {
  return typeof date === "string" ? boundedNumber((Date.parse(date) - now) / 1000) : undefined;
}
