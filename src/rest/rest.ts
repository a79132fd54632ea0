import { LRUCache } from "lru-cache";
import type { Dispatcher } from "undici";
import { now, stopwatch } from "../clock.js";
import { traceRequest } from "../telemetry.js";
import { readAnswer, readBody } from "./answer.js";
import { type ApiRequest, apiRequest, encodeForm } from "./api-request.js";
import { Buckets } from "./buckets.js";
import { type Call, type Credentials, prepareCall } from "./call.js";
import { botTokenRejected, noAnswer, rateLimited, redact, requireToken } from "./call-errors.js";
import { type Answer, exchange, type NoAnswer } from "./exchange.js";
import { countsAsInvalid, InvalidRequests } from "./invalid-requests.js";
import { pause } from "./pause.js";
import { type ProxyAddress, parseProxy } from "./proxy.js";
import { readAnnouncement, readRefusal, type Wait } from "./rate-limits.js";
import { Stops } from "./stops.js";

/** Where Discord is, and how patient its callers are. */
export interface RestOptions {
  /** An origin, such as `https://discord.com`. */
  readonly discordUrl: string;
  /** Deadline of a whole call, rate limit waits apart. */
  readonly timeoutMs: number;
  /** How long rate limits may hold back a call in all. */
  readonly maxWaitMs: number;
  /** URL of an HTTP proxy, credentials included. */
  readonly proxy?: string | undefined;
  /** How many answers of 401, 403 and 429 in ten minutes stop this process. */
  readonly invalidRequestLimit: number;
}

const REPEATED_STATUSES = new Set([502, 503, 504]);
/** However short the waits that Discord asks for. */
const MAX_ATTEMPTS = 5;
const UNKNOWN_WAIT_MS = 1000;
const BOT_REFUSAL_MS = 60_000;
/** Below what Discord's edge allows, and far above undici's own 4 s: a quiet site is spared handshakes. */
const KEEP_ALIVE_MS = 30_000;

/** Calls to Discord's API: each becomes a value or a typed error, and none breaks a rate limit that was announced. */
export class Rest {
  /** What brings a ban of this address nearer. */
  readonly invalidRequests: InvalidRequests;
  readonly #options: RestOptions;
  readonly #origin: string;
  readonly #proxy: ProxyAddress | undefined;
  readonly #buckets = new Buckets();
  readonly #botRefusals = new LRUCache<string, true>({
    max: 1000,
    ttl: BOT_REFUSAL_MS,
    ttlResolution: 0,
    perf: { now },
  });
  /** Whose calls have to wait, all of them: of one subject, or of everybody. */
  readonly #stops = new Stops();
  #dispatcher: Promise<Dispatcher> | undefined;

  constructor(options: RestOptions) {
    this.#options = options;
    this.#origin = new URL(options.discordUrl).origin;
    this.#proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy);
    this.invalidRequests = new InvalidRequests(options.invalidRequestLimit);
  }

  /** Loads the HTTP client ahead of the first call, which reports what may go wrong with it. */
  async load(): Promise<void> {
    await Promise.allSettled([this.#open()]);
  }

  /**
   * @param route below `/api/v10`, such as `/users/@me`
   * @returns the parsed JSON; `undefined` for an empty answer, text or bytes for others
   * @throws RateLimited, HttpException
   * @throws TypeError for a request that cannot be sent
   */
  async send(credentials: Credentials, route: string, request?: ApiRequest): Promise<unknown> {
    const plain = await encodeForm(apiRequest(request));
    const call = prepareCall(credentials, route, plain, this.#options.timeoutMs);
    return traceRequest(call.trace, () => this.#run(call));
  }

  /** Closes the connections once the calls under way are done. A later call opens new ones. */
  async close(): Promise<void> {
    const dispatcher = this.#dispatcher;
    this.#dispatcher = undefined;
    await (await dispatcher)?.close();
  }

  async #run(call: Call): Promise<unknown> {
    requireToken(call);
    if (call.scheme === "Bot" && this.#botRefusals.has(call.slot.route)) throw botTokenRejected(call);
    let mayRepeat = call.method === "GET";
    for (;;) {
      await this.#admit(call);
      const outcome = await this.#attempt(call);
      const isBroken =
        "failure" in outcome ? outcome.failure === "connection" : REPEATED_STATUSES.has(outcome.status);
      if (isBroken && mayRepeat) {
        mayRepeat = false;
      } else if ("failure" in outcome) {
        throw noAnswer(call, outcome, this.#options.timeoutMs);
      } else if (outcome.status === 429) {
        this.#takeRefusal(call, outcome);
      } else if (outcome.status === 401 && call.scheme === "Bot") {
        this.#botRefusals.set(call.slot.route, true);
        throw botTokenRejected(call);
      } else {
        return readAnswer(call, outcome);
      }
    }
  }

  /** Waits until the call may be sent, and counts it as in flight. */
  async #admit(call: Call): Promise<void> {
    for (;;) {
      call.signal?.throwIfAborted();
      const wait = this.#waitFor(call, now());
      if (wait === undefined) break;
      if ((wait.ms ?? 1) > this.#patienceMs(call))
        throw rateLimited(call, (wait.ms ?? UNKNOWN_WAIT_MS) / 1000, wait.scope);
      call.trace.waitedMs += await pause(wait, this.#patienceMs(call), call.signal);
    }
    this.invalidRequests.sent(call.untrusted);
  }

  #waitFor(call: Call, time: number): Wait | undefined {
    return (
      this.invalidRequests.waitFor(time, call.untrusted) ??
      this.#stops.waitFor(call.slot.subject) ??
      this.#buckets.reserve(call.slot, time)
    );
  }

  #patienceMs({ trace }: Call): number {
    return this.#options.maxWaitMs - trace.waitedMs;
  }

  async #attempt(call: Call): Promise<Answer | NoAnswer> {
    const { signal, slot, wire, trace, untrusted } = call;
    const elapsedMs = stopwatch();
    let isInvalid = false;
    trace.attempts += 1;
    try {
      return await exchange(await this.#open(), {
        wire,
        origin: this.#origin,
        method: call.method,
        timeoutMs: Math.max(1, call.timeLeftMs),
        signal,
        onHead: (status, headers) => {
          trace.status = status;
          isInvalid = countsAsInvalid(status, headers);
          const told = readAnnouncement(headers, now());
          if (told?.bucket !== undefined) trace.bucket = told.bucket;
          this.#buckets.learn(slot, told && status === 429 ? { ...told, remaining: 0 } : told, now());
        },
      });
    } finally {
      call.timeLeftMs -= elapsedMs();
      if (slot.bucket !== undefined) this.#buckets.learn(slot, undefined, now());
      this.invalidRequests.answered(now(), isInvalid, untrusted);
    }
  }

  /** @throws RateLimited when the call has no time to wait it out */
  #takeRefusal(call: Call, answer: Answer): void {
    const body = readBody(answer);
    const { retryAfterS, scope, isForAll } = readRefusal(answer.headers, body, now());
    const ms = Math.ceil(retryAfterS * 1000);
    if (scope === "global") this.#stops.add(isForAll ? undefined : call.slot.subject, ms, scope);
    else this.#buckets.exhaust(call.slot, ms, scope, now());
    const mayRepeat = call.timeLeftMs > 0 && call.trace.attempts < MAX_ATTEMPTS;
    if (ms > this.#patienceMs(call) || !mayRepeat)
      throw rateLimited(call, retryAfterS, scope, redact(body, call.secrets));
  }

  #open(): Promise<Dispatcher> {
    this.#dispatcher ??= createDispatcher(this.#options.timeoutMs, this.#proxy);
    return this.#dispatcher;
  }
}

async function createDispatcher(timeoutMs: number, proxy: ProxyAddress | undefined): Promise<Dispatcher> {
  const { Agent, Pool, ProxyAgent } = await import("undici");
  const options = { keepAliveTimeout: KEEP_ALIVE_MS, connect: { timeout: timeoutMs } };
  if (proxy === undefined) return new Agent(options);
  return new ProxyAgent({
    ...options,
    ...proxy,
    proxyTls: options.connect,
    clientFactory: (url, inherited) => new Pool(url, { ...inherited, headersTimeout: timeoutMs }),
  });
}
