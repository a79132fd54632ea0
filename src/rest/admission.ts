import { setTimeout as delay } from "node:timers/promises";
import { boundedCache } from "../bounded-cache.js";
import { sleep, steadyNow, stopwatch } from "../clock.js";
import type { Config } from "../config.js";
import type { RateLimitScope } from "../errors.js";
import type { RequestTrace } from "../telemetry.js";
import { Buckets, type Slot } from "./buckets.js";
import { type NamedCall, rateLimited, redact } from "./call-errors.js";
import {
  type AnswerHeaders,
  countsAsInvalid,
  readRateLimitHeaders,
  readRefusal,
  type Wait,
} from "./rate-limits.js";
import { RecentCalls } from "./recent-calls.js";

/** A call to Discord, with what decides when it may be sent. */
export interface AdmittedCall extends NamedCall {
  /** Identifies the rate limit of the call. */
  readonly slot: Slot;
  /** Attempts, waits and the last status of the call, for tracing. */
  readonly trace: RequestTrace;
  readonly signal?: AbortSignal | undefined;
  /**
   * Untrusted: a client sent the token and may have made it up. Essential: calls to the token endpoint. Only rate
   * limits of that endpoint delay them. Discord counts them by IP address and route, without rate limit headers.
   */
  readonly standing: "ordinary" | "untrusted" | "essential";
  /** The most lookups of the bot a second, this one included; `undefined` for a call that is no lookup. */
  readonly mostPaced?: number | undefined;
  /** Whether the bot's token alone authorizes the call, which then counts towards the limit on all calls of the bot. */
  readonly isBotCall?: boolean | undefined;
  readonly maxAttempts: number;
  /** The time left for requests and responses, in milliseconds. Waits for rate limits do not count. */
  timeLeftMs: number;
}

/** Limits on waits and on rejected calls. */
export type AdmissionOptions = Pick<Config, "maxWaitMs" | "invalidRequestLimit">;

const UNKNOWN_WAIT_MS = 1000;
/** The most essential calls that wait at once. They all resume together, and more of them would get another 429. */
const MOST_ESSENTIAL_WAITING = 10;
/** The period in which Discord counts invalid requests. */
const TEN_MINUTES_MS = 600_000;
const WARN_AT = 1000;
/** How many invalid requests one user may cause, and all untrusted calls together, as a share of the limit. */
const SHARE = 0.1;
const FEWEST_OF_USER = 10;
const MOST_KEPT = 10_000;
/** How many calls Discord allows a bot in a second, unless it has granted the bot more. */
const MOST_OF_BOT = 50;
/** Keys of cooldowns, besides subjects and routes. */
const EVERYBODY = "everybody";
const PACING = "pacing";

/**
 * Decides when each call of this process may be sent, by its rate limits and Discord's limit on invalid requests. Times
 * are those of {@link steadyNow}, so setting the clock back ends waits.
 *
 * @see https://docs.discord.com/developers/topics/rate-limits
 */
export class Admission {
  readonly #maxWaitMs: number;
  readonly #invalidLimit: number;
  /** Responses of 401, 403 or 429. Discord bans an IP address after 10,000 of them in ten minutes. */
  readonly #invalid = new RecentCalls(TEN_MINUTES_MS);
  readonly #untrustedInvalid = new RecentCalls(TEN_MINUTES_MS);
  /** How many invalid requests each user has caused since the first one, for ten minutes. */
  readonly #invalidOf = boundedCache<number>(MOST_KEPT, TEN_MINUTES_MS);
  readonly #buckets = new Buckets();
  // Calls of the bot count until a second after their response: only then Discord's second has certainly ended.
  readonly #lookups = new RecentCalls(1000);
  readonly #botCalls = new RecentCalls(1000);
  /** The scope of each limit that is exceeded, by subject or route, until it ends. */
  readonly #cooldowns = boundedCache<RateLimitScope>(MOST_KEPT);
  #essentialWaiting = 0;

  constructor({ maxWaitMs, invalidRequestLimit }: AdmissionOptions) {
    this.#maxWaitMs = maxWaitMs;
    this.#invalidLimit = invalidRequestLimit;
  }

  /**
   * Waits until the call may be sent, and sends it. The call is in flight until `send` is over.
   *
   * @param onWait called before each wait, with its length in milliseconds
   * @throws RateLimited when the wait would exceed `maxWaitMs`
   */
  async attempt<T>(call: AdmittedCall, send: () => Promise<T>, onWait?: (ms: number) => void): Promise<T> {
    for (;;) {
      call.signal?.throwIfAborted();
      const wait = this.#waitFor(call);
      if (wait === undefined) break;
      await this.#pause(call, wait, onWait);
    }
    call.trace.attempts += 1;
    const paced = [...(call.mostPaced ? [this.#lookups] : []), ...(call.isBotCall ? [this.#botCalls] : [])];
    const counts = call.standing === "untrusted" ? [...paced, this.#untrustedInvalid] : paced;
    for (const count of counts) count.begin();
    const elapsedMs = stopwatch();
    try {
      return await send();
    } finally {
      call.timeLeftMs -= elapsedMs();
      if (call.slot.bucket !== undefined) this.#buckets.learn(call.slot, undefined, steadyNow());
      for (const count of paced) count.add(steadyNow());
      for (const count of counts) count.end();
    }
  }

  /** Updates the rate limits from the status and headers of a response. */
  learn(call: AdmittedCall, status: number, headers: AnswerHeaders): void {
    const { slot, trace } = call;
    trace.status = status;
    if (countsAsInvalid(status, headers)) this.#addInvalid(call);
    const limit = readRateLimitHeaders(headers, steadyNow());
    if (limit?.bucket !== undefined) trace.bucket = limit.bucket;
    this.#buckets.learn(slot, limit && status === 429 ? { ...limit, remaining: 0 } : limit, steadyNow());
  }

  /**
   * Updates the rate limits from a complete response of 429.
   *
   * @param body the parsed JSON, or the text if it is not JSON
   * @throws RateLimited unless the call may be retried
   */
  refuse(call: AdmittedCall, headers: AnswerHeaders, body: unknown): void {
    const { slot, standing, trace } = call;
    const { retryAfterS, scope, isForAll } = readRefusal(headers, body);
    const ms = Math.ceil(retryAfterS * 1000);
    if (scope === "global")
      this.#coolDown(isForAll && standing !== "essential" ? EVERYBODY : slot.subject, ms, scope);
    else if (standing === "essential") this.#coolDown(slot.route, ms, scope);
    else this.#buckets.exhaust(slot, ms, scope, steadyNow());
    if (scope === "global" && !isForAll && call.isBotCall) this.#coolDown(PACING, TEN_MINUTES_MS, scope);
    const mayRepeat = call.timeLeftMs > 0 && trace.attempts < call.maxAttempts;
    if (ms > this.#maxWaitMs - trace.waitedMs || !mayRepeat)
      throw rateLimited(call, retryAfterS, scope, redact(body, call.secrets));
  }

  #waitFor({ slot, standing, mostPaced, isBotCall }: AdmittedCall): Wait | undefined {
    if (standing === "essential") return this.#cooldownOf(slot.subject) ?? this.#cooldownOf(slot.route);
    const time = steadyNow();
    const mostUntrusted = Math.max(1, Math.floor(this.#invalidLimit * SHARE));
    const mostOfBot = this.#cooldowns.has(PACING) ? MOST_OF_BOT : Number.POSITIVE_INFINITY;
    return (
      this.#invalid.waitFor(time, this.#invalidLimit, "global") ??
      (standing === "untrusted" ? this.#untrustedInvalid.waitFor(time, mostUntrusted, "user") : undefined) ??
      this.#cooldownOf(EVERYBODY) ??
      this.#cooldownOf(slot.subject) ??
      (mostPaced ? this.#lookups.waitFor(time, mostPaced, "global") : undefined) ??
      (isBotCall ? this.#botCalls.waitFor(time, mostOfBot, "global") : undefined) ??
      this.#buckets.reserve(slot, time)
    );
  }

  async #pause(call: AdmittedCall, wait: Wait, onWait: ((ms: number) => void) | undefined): Promise<void> {
    const { ms, scope } = wait;
    const patienceMs = this.#maxWaitMs - call.trace.waitedMs;
    const isEssential = call.standing === "essential";
    const isCrowded = isEssential && this.#essentialWaiting >= MOST_ESSENTIAL_WAITING;
    if ((ms ?? 1) > patienceMs || isCrowded) throw rateLimited(call, (ms ?? UNKNOWN_WAIT_MS) / 1000, scope);
    onWait?.(ms ?? patienceMs);
    if (isEssential) this.#essentialWaiting += 1;
    try {
      call.trace.waitedMs += await pause(wait, patienceMs, call.signal);
    } finally {
      if (isEssential) this.#essentialWaiting -= 1;
    }
  }

  /** Starts a cooldown, unless a longer one is running. @param key a subject or a route */
  #coolDown(key: string, ms: number, scope: RateLimitScope): void {
    if (ms > (this.#cooldownOf(key)?.ms ?? 0)) this.#cooldowns.set(key, scope, { ttl: ms });
  }

  #cooldownOf(key: string): Wait | undefined {
    const scope = this.#cooldowns.get(key);
    const ms = this.#cooldowns.getRemainingTTL(key);
    return scope && ms > 0 ? { scope, ms } : undefined;
  }

  /** Counts an invalid request. Stops users who cause too many, because at the limit everybody would have to stop. */
  #addInvalid({ scheme, slot: { subject }, standing }: AdmittedCall): void {
    if (standing === "untrusted") this.#untrustedInvalid.add(steadyNow());
    const warnAt = Math.min(WARN_AT, this.#invalidLimit);
    if (this.#invalid.add(steadyNow()) === warnAt)
      process.emitWarning(
        `Discord answered ${warnAt} calls of this process with 401, 403 or 429 within ten minutes. Discord bans an IP address at 10,000; this process stops its calls at ${this.#invalidLimit}. Look for a rejected token or a loop.`,
        { code: "EXPRESS_DISCORD_INVALID_REQUESTS" },
      );
    if (scheme !== "Bearer" || standing === "untrusted") return;
    const count = (this.#invalidOf.get(subject) ?? 0) + 1;
    this.#invalidOf.set(subject, count, { noUpdateTTL: true });
    if (count >= Math.max(FEWEST_OF_USER, this.#invalidLimit * SHARE))
      this.#coolDown(subject, this.#invalidOf.getRemainingTTL(subject), "global");
  }
}

/**
 * Waits until the wait is over, the response to another call changes the rate limit, or `signal` aborts.
 *
 * @param mostMs real time to wait if only the response to another call can end the wait
 * @returns the milliseconds waited
 */
async function pause({ ms, onChange }: Wait, mostMs: number, signal?: AbortSignal): Promise<number> {
  const startedAt = steadyNow();
  const elapsedMs = stopwatch();
  const waking = new AbortController();
  const wake = () => waking.abort();
  onChange?.(wake);
  signal?.addEventListener("abort", wake);
  try {
    if (ms === undefined) await delay(mostMs, undefined, { signal: waking.signal });
    else await sleep(ms, waking.signal);
  } catch (error) {
    if (!waking.signal.aborted) throw error;
  } finally {
    signal?.removeEventListener("abort", wake);
  }
  return ms === undefined ? elapsedMs() : Math.min(ms, steadyNow() - startedAt);
}
