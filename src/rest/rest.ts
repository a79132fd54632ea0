import type { Dispatcher } from "undici";
import { boundedCache } from "../bounded-cache.js";
import type { Config } from "../config.js";
import { Lazy } from "../lazy.js";
import { traceRequest } from "../telemetry.js";
import { Admission, type AdmissionOptions } from "./admission.js";
import { readAnswer, readBody } from "./answer.js";
import { type ApiRequest, apiRequest } from "./api-request.js";
import { type Call, type Credentials, prepareCall } from "./call.js";
import { botTokenRejected, noAnswer, requireToken } from "./call-errors.js";
import { parseProxy } from "./proxy.js";
import { type Answer, type NoAnswer, roundTrip } from "./round-trip.js";

/** The options that concern Discord's API. */
export type RestOptions = AdmissionOptions & Pick<Config, "discordUrl" | "timeoutMs" | "proxy">;

const REPEATED_STATUSES = new Set([502, 503, 504]);
const BOT_REFUSAL_MS = 60_000;
/** Shorter than Cloudflare allows, and longer than undici's default of 4 s, to save handshakes on quiet sites. */
const KEEP_ALIVE_MS = 30_000;

/** Sends calls to Discord's API, and respects the rate limits in the headers of its responses. */
export class Rest {
  readonly #admission: Admission;
  readonly #timeoutMs: number;
  readonly #origin: string;
  readonly #dispatcher: Lazy<Dispatcher>;
  readonly #botRefusals = boundedCache<true>(1000, BOT_REFUSAL_MS);

  constructor(options: RestOptions, admission = new Admission(options)) {
    const proxy = options.proxy === undefined ? undefined : parseProxy(options.proxy);
    this.#admission = admission;
    this.#timeoutMs = options.timeoutMs;
    this.#origin = new URL(options.discordUrl).origin;
    this.#dispatcher = new Lazy(() => createDispatcher(options.timeoutMs, proxy));
  }

  /** Loads the HTTP client so that the first call does not have to. */
  async load(): Promise<void> {
    await this.#dispatcher.get();
  }

  /**
   * Sends a call, after any wait for rate limits.
   *
   * @param route a path below `/api/v10`, such as `/users/@me`
   * @returns the parsed JSON, text, a `Uint8Array` for other content types, or `undefined` for an empty response
   * @throws RateLimited, HttpException
   * @throws TypeError for a request that cannot be sent
   */
  async send(credentials: Credentials, route: string, request?: ApiRequest): Promise<unknown> {
    const call = await prepareCall(credentials, route, apiRequest(request), this.#timeoutMs);
    return traceRequest(call.trace, () => this.#run(call));
  }

  /** Closes the connections after the calls in flight have finished. A later call opens new ones. */
  async close(): Promise<void> {
    await (await this.#dispatcher.take())?.close();
  }

  async #run(call: Call): Promise<unknown> {
    requireToken(call);
    if (call.isBotCall && this.#botRefusals.has(call.slot.route)) throw botTokenRejected(call);
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
      } else if (outcome.status === 401 && call.isBotCall) {
        this.#botRefusals.set(call.slot.route, true);
        throw botTokenRejected(call);
      } else {
        return readAnswer(call, outcome);
      }
    }
  }

  #attempt(call: Call): Promise<Answer | NoAnswer> {
    return this.#admission.attempt(call, async () =>
      roundTrip(
        await this.#dispatcher.get(),
        { origin: this.#origin, ...call.wire },
        Math.max(1, call.timeLeftMs),
        call.signal,
        (status, headers) => this.#admission.learn(call, status, headers),
      ),
    );
  }
}

async function createDispatcher(timeoutMs: number, proxy?: ReturnType<typeof parseProxy>) {
  // Imported by file, because Bun replaces the module "undici" with its own, which has no dispatchers.
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
