import { setTimeout as delay } from "node:timers/promises";
import { now, sleep, stopwatch } from "../clock.js";
import type { RequestTrace } from "../telemetry.js";
import { Buckets, type Slot } from "./buckets.js";
import { type NamedCall, rateLimited, redact } from "./call-errors.js";
import { Cooldowns } from "./cooldowns.js";
import { countsAsInvalid, InvalidRequests } from "./invalid-requests.js";
import { type AnswerHeaders, readRateLimitHeaders, readRefusal, type Wait } from "./rate-limits.js";

/** A call to Discord, as it waits for its turn. */
export interface AdmittedCall extends NamedCall {
  /** Its place among the calls of its rate limit. */
  readonly slot: Slot;
  /** What the call has come to so far. */
  readonly trace: RequestTrace;
  readonly signal?: AbortSignal | undefined;
  /**
   * Untrusted: a client sent the token and may have made it up. Essential: calls to the token endpoint, which nothing but
   * the endpoint itself holds back. Discord counts them by address, by route, and names no limit.
   */
  readonly standing: "ordinary" | "untrusted" | "essential";
  readonly maxAttempts: number;
  /** For requests and their answers, in milliseconds. Waits for rate limits do not count. */
  timeLeftMs: number;
}

/** How patient the callers are, and how careful the process is. */
export interface AdmissionOptions {
  /** How long rate limits may hold back a call in all. */
  readonly maxWaitMs: number;
  /** How many answers of 401, 403 and 429 in ten minutes stop this process. */
  readonly invalidRequestLimit: number;
}

const UNKNOWN_WAIT_MS = 1000;
/** They all go on at the same moment: more would be refused then, and bring a ban of the address nearer. */
const MOST_ESSENTIAL_WAITING = 10;

/** Decides when a call may be sent, for every call of this process: its rate limits, and the address's good name. */
export class Admission {
  readonly #maxWaitMs: number;
  readonly #invalidRequests: InvalidRequests;
  readonly #buckets = new Buckets();
  /** By subject. */
  readonly #cooldowns = new Cooldowns();
  /** By route. */
  readonly #essentialCooldowns = new Cooldowns();
  #essentialWaiting = 0;

  constructor({ maxWaitMs, invalidRequestLimit }: AdmissionOptions) {
    this.#maxWaitMs = maxWaitMs;
    this.#invalidRequests = new InvalidRequests(invalidRequestLimit);
  }

  /**
   * Waits until the call may be sent, and counts it as in flight until {@link end}.
   *
   * @param onWait called before each wait, with its length in milliseconds
   * @throws RateLimited where that would take too long
   */
  async begin(call: AdmittedCall, onWait?: (ms: number) => void): Promise<void> {
    for (;;) {
      call.signal?.throwIfAborted();
      const wait = this.#waitFor(call);
      if (wait === undefined) break;
      const patienceMs = this.#patienceMs(call);
      if ((wait.ms ?? 1) > patienceMs || this.#isCrowded(call))
        throw rateLimited(call, (wait.ms ?? UNKNOWN_WAIT_MS) / 1000, wait.scope);
      onWait?.(wait.ms ?? patienceMs);
      await this.#wait(call, wait, patienceMs);
    }
    call.trace.attempts += 1;
    if (call.standing === "untrusted") this.#invalidRequests.beginUntrusted();
  }

  /** Learns from the status and the headers of an answer. */
  learn({ slot, standing, trace }: AdmittedCall, status: number, headers: AnswerHeaders): void {
    trace.status = status;
    if (countsAsInvalid(status, headers)) this.#invalidRequests.add(now(), standing === "untrusted");
    const limit = readRateLimitHeaders(headers, now());
    if (limit?.bucket !== undefined) trace.bucket = limit.bucket;
    this.#buckets.learn(slot, limit && status === 429 ? { ...limit, remaining: 0 } : limit, now());
  }

  /** Ends the attempt, whether it was answered or not. */
  end({ slot, standing }: AdmittedCall): void {
    if (slot.bucket !== undefined) this.#buckets.learn(slot, undefined, now());
    if (standing === "untrusted") this.#invalidRequests.endUntrusted();
  }

  /**
   * Learns from a complete 429.
   *
   * @param body the parsed JSON, else the text
   * @throws RateLimited unless the call can be sent again after a wait
   */
  refuse(call: AdmittedCall, headers: AnswerHeaders, body: unknown): void {
    const { retryAfterS, scope, isForAll } = readRefusal(headers, body);
    const ms = Math.ceil(retryAfterS * 1000);
    if (call.standing === "essential")
      this.#essentialCooldowns.start(scope === "global" ? undefined : call.slot.route, ms, scope);
    else if (scope === "global") this.#cooldowns.start(isForAll ? undefined : call.slot.subject, ms, scope);
    else this.#buckets.exhaust(call.slot, ms, scope, now());
    const mayRepeat = call.timeLeftMs > 0 && call.trace.attempts < call.maxAttempts;
    if (ms > this.#patienceMs(call) || !mayRepeat)
      throw rateLimited(call, retryAfterS, scope, redact(body, call.secrets));
  }

  #waitFor({ slot, standing }: AdmittedCall): Wait | undefined {
    if (standing === "essential") return this.#essentialCooldowns.waitFor(slot.route);
    return (
      this.#invalidRequests.waitFor(now(), standing === "untrusted") ??
      this.#cooldowns.waitFor(slot.subject) ??
      this.#buckets.reserve(slot, now())
    );
  }

  #isCrowded({ standing }: AdmittedCall): boolean {
    return standing === "essential" && this.#essentialWaiting >= MOST_ESSENTIAL_WAITING;
  }

  async #wait({ standing, trace, signal }: AdmittedCall, wait: Wait, patienceMs: number): Promise<void> {
    const waiting = standing === "essential" ? 1 : 0;
    this.#essentialWaiting += waiting;
    try {
      trace.waitedMs += await pause(wait, patienceMs, signal);
    } finally {
      this.#essentialWaiting -= waiting;
    }
  }

  #patienceMs({ trace }: AdmittedCall): number {
    return this.#maxWaitMs - trace.waitedMs;
  }
}

/**
 * Waits until the time is over, another answer has changed what is known, or `signal` aborts.
 *
 * @param mostMs real time, where only another answer can tell
 * @returns how many milliseconds it took
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
