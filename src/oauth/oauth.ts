import http from "node:http";
import type { AuthorizationCode, AuthorizationTokenConfig, ModuleOptions } from "simple-oauth2";
import { now, sleep, stopwatch } from "../clock.js";
import type { Config } from "../config.js";
import { withDeadline } from "../deadline.js";
import { RateLimited } from "../errors.js";
import { countsAsInvalid, InvalidRequests } from "../rest/invalid-requests.js";
import { readRefusal } from "../rest/rate-limits.js";
import { Stops } from "../rest/stops.js";
import { type RequestTrace, traceRequest } from "../telemetry.js";
import { USER_AGENT } from "../version.js";
import { answerIn, callOf, type Doing, explain, rateLimited } from "./oauth-errors.js";
import { parseTokenAnswer, type TokenAnswer } from "./token-answer.js";

/** With the version: without it Discord answers as v6 does, retry times in milliseconds and guilds of an old shape. */
const TOKEN_PATH = "/api/v10/oauth2/token";
const REVOCATION_PATH = "/api/v10/oauth2/token/revoke";
const MAX_ANSWER_BYTES = 1024 * 1024;
/** Routers forget connections that were idle for minutes, and the next login would go nowhere. */
const KEEP_ALIVE = { keepAlive: true, timeout: 30_000 };

/** So many deadlines an answer to a refresh is listened for: by then Discord may have used up the former pair. */
const REFRESH_DEADLINES = 4;
const MAX_ATTEMPTS = 2;
/** All who wait go on at the same moment: more would be refused then, and bring a ban of the address nearer. */
const MOST_WAITING = 10;

/** Either of the two stands for all that the user has granted. */
interface RevocableToken {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
}

/** Discord's token endpoint: the only place that knows of simple-oauth2. */
export class OAuth {
  readonly #config: Config;
  readonly #invalidRequests: InvalidRequests;
  #opened: Promise<Opened> | undefined;
  /** Discord counts these calls by address: what one was told holds for all of its route. */
  readonly #stops = new Stops();
  #waiting = 0;

  /** @param invalidRequests what brings a ban of this address nearer; it never stops these calls */
  constructor(config: Config, invalidRequests = new InvalidRequests(config.invalidRequestLimit)) {
    this.#config = config;
    this.#invalidRequests = invalidRequests;
  }

  /** Loads what the first login needs, so that it need not wait for it. */
  async load(): Promise<void> {
    await this.#open();
  }

  /**
   * @param redirectUri what the authorization request named; `null` where it named none
   * @throws TokenRequestRefused, HttpException, RateLimited
   */
  async exchangeCode(
    code: string,
    verifier: string | undefined,
    redirectUri: string | null = this.#config.redirectUri,
  ): Promise<TokenAnswer> {
    return this.#ask("exchanging the code", [code, verifier], async ({ client }) => {
      // The types want a redirect URI, which a request for a code need not have named.
      const request = { code, ...(verifier && { code_verifier: verifier }) } as AuthorizationTokenConfig;
      if (redirectUri !== null) request.redirect_uri = redirectUri;
      const answer = await client.getToken(request);
      return parseTokenAnswer(answer.token);
    });
  }

  /**
   * Waits far longer than a visitor should: an answer that nobody listens to any more is a login lost.
   *
   * @param onWait called when Discord wants to be asked later, in so many milliseconds
   * @throws TokenRequestRefused, HttpException, RateLimited
   */
  async refresh(refreshToken: string, onWait?: (ms: number) => void): Promise<TokenAnswer> {
    const timeout = REFRESH_DEADLINES * this.#config.timeoutMs;
    const task = async ({ client }: Opened) => {
      const answer = await client.createToken({ refresh_token: refreshToken }).refresh({}, { timeout });
      return parseTokenAnswer(answer.token);
    };
    return this.#ask("refreshing the token", [refreshToken], task, { timeoutMs: timeout, onWait });
  }

  /** Ends every token that the user has with this application. @throws HttpException, RateLimited */
  async revoke({ accessToken, refreshToken }: RevocableToken): Promise<void> {
    await this.#ask("revoking the token", [accessToken, refreshToken], async ({ client }) => {
      const token = client.createToken({ access_token: accessToken, refresh_token: refreshToken });
      // An access token that has expired ends nothing.
      await token.revoke(refreshToken === undefined ? "access_token" : "refresh_token");
    });
  }

  /** A token for the owner of the application. @throws HttpException, RateLimited */
  async clientCredentials(scopes: readonly string[]): Promise<TokenAnswer> {
    return this.#ask("asking for a client credentials token", [], async ({ options }) => {
      const { ClientCredentials } = await import("simple-oauth2");
      const answer = await new ClientCredentials(options).getToken({ scope: [...scopes] });
      return parseTokenAnswer(answer.token);
    });
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = undefined;
    opened?.agent.destroy();
  }

  #open(): Promise<Opened> {
    this.#opened ??= open(this.#config);
    this.#opened.catch(() => {
      this.#opened = undefined;
    });
    return this.#opened;
  }

  /** @param sent what is secret in the request, and must be in no error */
  async #ask<T>(
    doing: Doing,
    sent: readonly (string | undefined)[],
    task: (opened: Opened) => Promise<T>,
    { timeoutMs = this.#config.timeoutMs, onWait }: Patience = {},
  ): Promise<T> {
    const trace: RequestTrace = { ...callOf(doing), subject: "application", attempts: 0, waitedMs: 0 };
    return traceRequest(trace, async () => {
      let timeLeftMs = timeoutMs;
      for (;;) {
        await this.#admit(doing, trace, onWait);
        const opened = await this.#open();
        const elapsedMs = stopwatch();
        trace.attempts += 1;
        try {
          const answer = await withDeadline(timeLeftMs, task(opened));
          trace.status = 200;
          return answer;
        } catch (error) {
          this.#learn(error, trace);
          const secrets = [...sent, this.#config.clientSecret, basicCredentials(this.#config)];
          const explained = explain(
            error,
            doing,
            secrets.filter((secret) => secret !== undefined),
          );
          timeLeftMs -= elapsedMs();
          if (timeLeftMs <= 0 || !this.#isWorthWaiting(explained, trace)) throw explained;
        }
      }
    });
  }

  #isWorthWaiting(error: Error, { attempts, waitedMs }: RequestTrace): boolean {
    if (!(error instanceof RateLimited) || attempts >= MAX_ATTEMPTS || this.#waiting >= MOST_WAITING)
      return false;
    return error.retryAfter * 1000 <= this.#config.maxWaitMs - waitedMs;
  }

  /** Waits out what Discord has asked for, where that is short, and not too many wait already. @throws RateLimited */
  async #admit(doing: Doing, trace: RequestTrace, onWait?: (ms: number) => void): Promise<void> {
    for (;;) {
      const stop = this.#stops.waitFor(trace.route);
      if (!stop) return;
      const { ms, scope } = stop;
      if (ms > this.#config.maxWaitMs - trace.waitedMs || this.#waiting >= MOST_WAITING)
        throw rateLimited(doing, { retryAfterS: ms / 1000, scope });
      onWait?.(ms);
      trace.waitedMs += ms;
      this.#waiting += 1;
      await sleep(ms).finally(() => {
        this.#waiting -= 1;
      });
    }
  }

  #learn(error: unknown, trace: RequestTrace): void {
    const answer = answerIn(error);
    if (!answer) return;
    const { statusCode = 0, headers } = answer.res;
    trace.status = statusCode;
    this.#invalidRequests.answered(now(), countsAsInvalid(statusCode, headers));
    if (statusCode !== 429) return;
    const { retryAfterS, scope } = readRefusal(headers, answer.payload);
    this.#stops.add(scope === "global" ? undefined : trace.route, Math.ceil(retryAfterS * 1000), scope);
  }
}

interface Patience {
  readonly timeoutMs?: number;
  readonly onWait?: ((ms: number) => void) | undefined;
}

interface Opened {
  readonly client: AuthorizationCode;
  readonly options: ModuleOptions<"client_id">;
  readonly agent: http.Agent;
}

async function open(config: Config): Promise<Opened> {
  const [{ AuthorizationCode }, agent] = await Promise.all([import("simple-oauth2"), createAgent(config)]);
  const options = {
    client: { id: config.clientId, secret: config.clientSecret },
    auth: { tokenHost: config.discordUrl, tokenPath: TOKEN_PATH, revokePath: REVOCATION_PATH },
    http: {
      agent,
      json: true,
      timeout: config.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      headers: { "User-Agent": USER_AGENT },
    },
  } as ModuleOptions<"client_id">;
  return { client: new AuthorizationCode(options), options, agent };
}

async function createAgent({ discordUrl, proxy }: Config): Promise<http.Agent> {
  const secure = discordUrl.startsWith("https:");
  if (proxy && secure)
    return sharedWhole(new (await import("https-proxy-agent")).HttpsProxyAgent(proxy, KEEP_ALIVE));
  if (proxy) return sharedWhole(new (await import("http-proxy-agent")).HttpProxyAgent(proxy, KEEP_ALIVE));
  const { Agent } = secure ? await import("node:https") : http;
  return sharedWhole(new Agent(KEEP_ALIVE));
}

/**
 * simple-oauth2 deep-clones its options for every request, and each clone of an agent would open, and leak, sockets of
 * its own. Only what says on its prototype that it is immutable is passed on as it is.
 */
function sharedWhole<T extends object>(agent: T): T {
  const prototype = Object.create(Object.getPrototypeOf(agent), { isImmutable: { value: true } });
  return Object.setPrototypeOf(agent, prototype);
}

/** The client's id and secret as they go over the wire (RFC 6749, 2.3.1). */
function basicCredentials({ clientId, clientSecret }: Config): string {
  const form = new URLSearchParams([[clientId, clientSecret]]).toString();
  return Buffer.from(form.replace("=", ":")).toString("base64");
}
