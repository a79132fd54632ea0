import { LRUCache } from "lru-cache";
import type { Dispatcher } from "undici";
import { now, stopwatch } from "../clock.js";
import { Lazy } from "../lazy.js";
import { traceRequest } from "../telemetry.js";
import { Admission, type AdmissionOptions } from "./admission.js";
import { readAnswer, readBody } from "./answer.js";
import { type ApiRequest, apiRequest, encodeForm } from "./api-request.js";
import { type Call, type Credentials, prepareCall } from "./call.js";
import { botTokenRejected, noAnswer, requireToken } from "./call-errors.js";
import { type ProxyAddress, parseProxy } from "./proxy.js";
import { type Answer, type NoAnswer, roundTrip } from "./round-trip.js";

/** Where Discord is, and how patient its callers are. */
export interface RestOptions extends AdmissionOptions {
  /** An origin, such as `https://discord.com`. */
  readonly discordUrl: string;
  /** Deadline of a whole call, without waits for rate limits. */
  readonly timeoutMs: number;
  /** URL of an HTTP proxy, credentials included. */
  readonly proxy?: string | undefined;
}

const REPEATED_STATUSES = new Set([502, 503, 504]);
const BOT_REFUSAL_MS = 60_000;
/** Less than Discord's edge allows, and far more than undici's own 4 s: a quiet site is spared handshakes. */
const KEEP_ALIVE_MS = 30_000;

/** Calls to Discord's API: each becomes a value or a typed error, and none breaks a rate limit that Discord named. */
export class Rest {
  readonly #admission: Admission;
  readonly #timeoutMs: number;
  readonly #origin: string;
  readonly #dispatcher: Lazy<Dispatcher>;
  readonly #botRefusals = new LRUCache<string, true>({
    max: 1000,
    ttl: BOT_REFUSAL_MS,
    ttlResolution: 0,
    perf: { now },
  });

  constructor(options: RestOptions, admission = new Admission(options)) {
    const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy);
    this.#admission = admission;
    this.#timeoutMs = options.timeoutMs;
    this.#origin = new URL(options.discordUrl).origin;
    this.#dispatcher = new Lazy(() => createDispatcher(options.timeoutMs, proxy));
  }

  /** Loads the HTTP client ahead of the first call, which reports it if that fails again. */
  async load(): Promise<void> {
    await Promise.allSettled([this.#dispatcher.get()]);
  }

  /**
   * @param route below `/api/v10`, such as `/users/@me`
   * @returns the parsed JSON; `undefined` for an empty answer, text or bytes for others
   * @throws RateLimited, HttpException
   * @throws TypeError for a request that cannot be sent
   */
  async send(credentials: Credentials, route: string, request?: ApiRequest): Promise<unknown> {
    const plain = await encodeForm(apiRequest(request));
    const call = prepareCall(credentials, route, plain, this.#timeoutMs);
    return traceRequest(call.trace, () => this.#run(call));
  }

  /** Closes the connections once the calls in flight are done. A later call opens new ones. */
  async close(): Promise<void> {
    await (await this.#dispatcher.take())?.close();
  }

  async #run(call: Call): Promise<unknown> {
    requireToken(call);
    if (call.scheme === "Bot" && this.#botRefusals.has(call.slot.route)) throw botTokenRejected(call);
    let mayRepeat = call.method === "GET";
    for (;;) {
      const outcome = await this.#attempt(call);
      const isBroken =
        "failure" in outcome ? outcome.failure === "connection" : REPEATED_STATUSES.has(outcome.status);
      if (isBroken && mayRepeat) {
        mayRepeat = false;
      } else if ("failure" in outcome) {
        throw noAnswer(call, outcome, this.#timeoutMs);
      } else if (outcome.status === 429) {
        this.#admission.refuse(call, outcome.headers, readBody(outcome));
      } else if (outcome.status === 401 && call.scheme === "Bot") {
        this.#botRefusals.set(call.slot.route, true);
        throw botTokenRejected(call);
      } else {
        return readAnswer(call, outcome);
      }
    }
  }

  async #attempt(call: Call): Promise<Answer | NoAnswer> {
    await this.#admission.begin(call);
    const elapsedMs = stopwatch();
    try {
      return await roundTrip(await this.#dispatcher.get(), {
        wire: call.wire,
        origin: this.#origin,
        method: call.method,
        timeoutMs: Math.max(1, call.timeLeftMs),
        signal: call.signal,
        onHead: (status, headers) => this.#admission.learn(call, status, headers),
      });
    } finally {
      call.timeLeftMs -= elapsedMs();
      this.#admission.end(call);
    }
  }
}

async function createDispatcher(timeoutMs: number, proxy: ProxyAddress | undefined): Promise<Dispatcher> {
  // By its file: for the name alone Bun has a substitute of its own, without dispatchers.
  const { Agent, Pool, ProxyAgent } = await import("undici/index.js");
  const options = { keepAliveTimeout: KEEP_ALIVE_MS, connect: { timeout: timeoutMs } };
  if (proxy === undefined) return new Agent(options);
  return new ProxyAgent({
    ...options,
    ...proxy,
    proxyTls: options.connect,
    clientFactory: (url, inherited) => new Pool(url, { ...inherited, headersTimeout: timeoutMs }),
  });
}
