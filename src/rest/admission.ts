import { setTimeout as delay } from "node:timers/promises";
import { boundedCache } from "../bounded-cache.js";
import { hasPassed, now, sleep, stopwatch } from "../clock.js";
import type { Config } from "../config.js";
import type { RequestTrace } from "../telemetry.js";
import { BotPace } from "./bot-pace.js";
import { Buckets, type Slot } from "./buckets.js";
import { type NamedCall, rateLimited, redact } from "./call-errors.js";
import { Cooldowns } from "./cooldowns.js";
import { countsAsInvalid, InvalidRequests, WINDOW_MS } from "./invalid-requests.js";
import { type AnswerHeaders, readRateLimitHeaders, readRefusal, type Wait } from "./rate-limits.js";

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
  /** The most calls in {@link BotPace}, this one included; `undefined` for a call that does not count there. */
  readonly mostPaced?: number | undefined;
  /** Whether the call counts towards the limit on all calls of the bot. */
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
/** How many invalid requests one user may cause in ten minutes: a share of the limit, but at least ten. */
const USER_SHARE = 0.1;
const FEWEST_OF_USER = 10;
const MOST_USERS = 10_000;
/** How many calls Discord allows a bot in a second, unless it has granted the bot more. */
const MOST_OF_BOT = 50;

/** Decides when each call of this process may be sent, by its rate limits and Discord's limit on invalid requests. */
export class Admission {
  readonly #maxWaitMs: number;
  readonly #invalidRequests: InvalidRequests;
  readonly #userLimit: number;
  /** How many invalid requests each user has caused since the first one, for ten minutes. */
  readonly #invalidOf = boundedCache<number>(MOST_USERS, WINDOW_MS);
  readonly #buckets = new Buckets();
  readonly #botPace = new BotPace();
  /** All calls of the bot. Paced for ten minutes after a global 429, because each later rush would exceed the limit. */
  readonly #botCalls = new BotPace();
  #botLimitedAt = Number.NEGATIVE_INFINITY;
  /** By subject. */
  readonly #cooldowns = new Cooldowns();
  /** By route. */
  readonly #essentialCooldowns = new Cooldowns();
  #essentialWaiting = 0;

  constructor({ maxWaitMs, invalidRequestLimit }: AdmissionOptions) {
    this.#maxWaitMs = maxWaitMs;
    this.#invalidRequests = new InvalidRequests(invalidRequestLimit);
    this.#userLimit = Math.max(FEWEST_OF_USER, invalidRequestLimit * USER_SHARE);
  }

  /**
   * Waits until the call may be sent, and sends it. The call is in flight until `send` is over.
   *
   * @param onWait called before each wait, with its length in milliseconds
   * @throws RateLimited when the wait would exceed `maxWaitMs`
   */
  async attempt<T>(call: AdmittedCall, send: () => Promise<T>, onWait?: (ms: number) => void): Promise<T> {
    await this.#begin(call, onWait);
    const elapsedMs = stopwatch();
    try {
      return await send();
    } finally {
      call.timeLeftMs -= elapsedMs();
      if (call.slot.bucket !== undefined) this.#buckets.learn(call.slot, undefined, now());
      if (call.standing === "untrusted") this.#invalidRequests.endUntrusted();
      if (call.mostPaced !== undefined) this.#botPace.end(now());
      if (call.isBotCall) this.#botCalls.end(now());
    }
  }

  /** Updates the rate limits from the status and headers of a response. */
  learn(call: AdmittedCall, status: number, headers: AnswerHeaders): void {
    const { slot, trace } = call;
    trace.status = status;
    if (countsAsInvalid(status, headers)) this.#addInvalid(call);
    const limit = readRateLimitHeaders(headers, now());
    if (limit?.bucket !== undefined) trace.bucket = limit.bucket;
    this.#buckets.learn(slot, limit && status === 429 ? { ...limit, remaining: 0 } : limit, now());
  }

  /**
   * Updates the rate limits from a complete response of 429.
   *
   * @param body the parsed JSON, or the text if it is not JSON
   * @throws RateLimited unless the call may be retried
   */
  refuse(call: AdmittedCall, headers: AnswerHeaders, body: unknown): void {
    const { retryAfterS, scope, isForAll } = readRefusal(headers, body, now());
    const ms = Math.ceil(retryAfterS * 1000);
    if (call.standing === "essential")
      this.#essentialCooldowns.start(scope === "global" ? undefined : call.slot.route, ms, scope);
    else if (scope === "global") this.#cooldowns.start(isForAll ? undefined : call.slot.subject, ms, scope);
    else this.#buckets.exhaust(call.slot, ms, scope, now());
    if (scope === "global" && !isForAll && call.isBotCall) this.#botLimitedAt = now();
    const mayRepeat = call.timeLeftMs > 0 && call.trace.attempts < call.maxAttempts;
    if (ms > this.#maxWaitMs - call.trace.waitedMs || !mayRepeat)
      throw rateLimited(call, retryAfterS, scope, redact(body, call.secrets));
  }

  async #begin(call: AdmittedCall, onWait: ((ms: number) => void) | undefined): Promise<void> {
    for (;;) {
      call.signal?.throwIfAborted();
      const wait = this.#waitFor(call);
      if (wait === undefined) break;
      const patienceMs = this.#maxWaitMs - call.trace.waitedMs;
      const isEssential = call.standing === "essential";
      const isCrowded = isEssential && this.#essentialWaiting >= MOST_ESSENTIAL_WAITING;
      if ((wait.ms ?? 1) > patienceMs || isCrowded)
        throw rateLimited(call, (wait.ms ?? UNKNOWN_WAIT_MS) / 1000, wait.scope);
      onWait?.(wait.ms ?? patienceMs);
      if (isEssential) this.#essentialWaiting += 1;
      try {
        call.trace.waitedMs += await pause(wait, patienceMs, call.signal);
      } finally {
        if (isEssential) this.#essentialWaiting -= 1;
      }
    }
    call.trace.attempts += 1;
    if (call.standing === "untrusted") this.#invalidRequests.beginUntrusted();
    if (call.mostPaced !== undefined) this.#botPace.begin();
    if (call.isBotCall) this.#botCalls.begin();
  }

  /** Counts an invalid request. Stops users who cause too many, because at the limit everybody would have to stop. */
  #addInvalid({ scheme, slot: { subject }, standing }: AdmittedCall): void {
    this.#invalidRequests.add(now(), standing === "untrusted");
    if (scheme !== "Bearer" || standing === "untrusted") return;
    const count = (this.#invalidOf.get(subject) ?? 0) + 1;
    this.#invalidOf.set(subject, count, { noUpdateTTL: true });
    if (count >= this.#userLimit)
      this.#cooldowns.start(subject, this.#invalidOf.getRemainingTTL(subject), "global");
  }

  #waitFor({ slot, standing, mostPaced, isBotCall }: AdmittedCall): Wait | undefined {
    if (standing === "essential") return this.#essentialCooldowns.waitFor(slot.route);
    const mostOfBot = hasPassed(WINDOW_MS, this.#botLimitedAt) ? Number.POSITIVE_INFINITY : MOST_OF_BOT;
    return (
      this.#invalidRequests.waitFor(now(), standing === "untrusted") ??
      this.#cooldowns.waitFor(slot.subject) ??
      (mostPaced === undefined ? undefined : this.#botPace.waitFor(now(), mostPaced)) ??
      (isBotCall ? this.#botCalls.waitFor(now(), mostOfBot) : undefined) ??
      this.#buckets.reserve(slot, now())
    );
  }
}

/**
 * Waits until the wait is over, the response to another call changes the rate limit, or `signal` aborts.
 *
 * @param mostMs real time to wait if only the response to another call can end the wait
 * @returns the milliseconds waited
 */
async function pause(
  { ms, onChange }: Wait,
  mostMs: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const startedAt = now();
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
  if (ms === undefined) return elapsedMs();
  return waking.signal.aborted ? now() - startedAt : ms;
}
