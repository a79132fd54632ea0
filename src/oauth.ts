import http from "node:http";
import https from "node:https";
import type { AuthorizationCode, ModuleOptions } from "simple-oauth2";
import { redactText } from "./call-errors.js";
import type { Config } from "./config.js";
import { HttpException, type HttpExceptionDetails, RateLimited } from "./errors.js";
import { readRefusal } from "./rate-limits.js";
import { parseTokenAnswer, type TokenAnswer } from "./token-answer.js";
import { USER_AGENT } from "./version.js";

/** With the version: without it Discord answers as v6 does, retry times in milliseconds and guilds of an old shape. */
const TOKEN_PATH = "/api/v10/oauth2/token";
const REVOCATION_PATH = "/api/v10/oauth2/token/revoke";
const MAX_ANSWER_BYTES = 1024 * 1024;
const ROUTE_OF = {
  "exchanging the code": "/oauth2/token",
  "refreshing the token": "/oauth2/token",
  "asking for a client credentials token": "/oauth2/token",
  "revoking the token": "/oauth2/token/revoke",
} as const;

type Doing = keyof typeof ROUTE_OF;

/** Either of the two stands for all that the user has granted. */
interface RevocableToken {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
}

/** The token endpoint refused what it was given (RFC 6749, 5.2): `invalid_grant` for a dead code or refresh token. */
export class TokenRequestRefused extends Error {
  override readonly name = "TokenRequestRefused";

  readonly error: string;
  readonly description: string | undefined;

  constructor(error: string, description: string | undefined) {
    super(`Discord's token endpoint answered ${error}.`);
    this.error = error;
    this.description = description;
  }
}

/** Discord's token endpoint: the only place that knows of simple-oauth2. */
export class OAuth {
  readonly #config: Config;
  #opened: Promise<Opened> | undefined;

  constructor(config: Config) {
    this.#config = config;
  }

  /** Loads what the first login needs, so that it need not wait for it. */
  async load(): Promise<void> {
    await this.#open();
  }

  /** @throws TokenRequestRefused, HttpException, RateLimited */
  async exchangeCode(code: string, verifier: string | undefined): Promise<TokenAnswer> {
    return this.#ask("exchanging the code", [code, verifier], async ({ client }) => {
      const answer = await client.getToken({
        code,
        redirect_uri: this.#config.redirectUri,
        ...(verifier && { code_verifier: verifier }),
      });
      return parseTokenAnswer(answer.token);
    });
  }

  /** @throws TokenRequestRefused, HttpException, RateLimited */
  async refresh(refreshToken: string): Promise<TokenAnswer> {
    return this.#ask("refreshing the token", [refreshToken], async ({ client }) => {
      const answer = await client.createToken({ refresh_token: refreshToken }).refresh();
      return parseTokenAnswer(answer.token);
    });
  }

  /** Ends every token that the user has with this application. @throws HttpException, RateLimited */
  async revoke({ accessToken, refreshToken }: RevocableToken): Promise<void> {
    await this.#ask("revoking the token", [accessToken, refreshToken], async ({ client }) => {
      const token = client.createToken({ access_token: accessToken, refresh_token: refreshToken });
      // An access token that has expired ends nothing.
      await token.revoke(refreshToken === undefined ? "access_token" : "refresh_token");
    });
  }

  /** A token for the owner of the application. @throws TokenRequestRefused, HttpException, RateLimited */
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
  ): Promise<T> {
    const opened = await this.#open();
    try {
      return await withDeadline(this.#config.timeoutMs, task(opened));
    } catch (error) {
      const secrets = [...sent, this.#config.clientSecret, basicCredentials(this.#config)];
      throw explain(
        error,
        doing,
        secrets.filter((secret) => secret !== undefined),
      );
    }
  }
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
    return sharedWhole(new (await import("https-proxy-agent")).HttpsProxyAgent(proxy, { keepAlive: true }));
  if (proxy)
    return sharedWhole(new (await import("http-proxy-agent")).HttpProxyAgent(proxy, { keepAlive: true }));
  return sharedWhole(new (secure ? https : http).Agent({ keepAlive: true }));
}

/**
 * simple-oauth2 deep-clones its options for every request, and each clone of an agent would open, and leak, sockets of
 * its own. Only what says on its prototype that it is immutable is passed on as it is.
 */
function sharedWhole<T extends object>(agent: T): T {
  const prototype = Object.create(Object.getPrototypeOf(agent), { isImmutable: { value: true } });
  return Object.setPrototypeOf(agent, prototype);
}

async function withDeadline<T>(timeoutMs: number, task: Promise<T>): Promise<T> {
  const { promise, cancel } = deadline(timeoutMs);
  try {
    return await Promise.race([task, promise]);
  } finally {
    cancel();
  }
}

function deadline(timeoutMs: number): { promise: Promise<never>; cancel: () => void } {
  let timer: NodeJS.Timeout;
  const promise = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlinePassed()), timeoutMs);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

class DeadlinePassed extends Error {}

/** The parts of a Boom error that are read; the rest of it holds the client secret. */
interface Failure {
  readonly output?: { readonly statusCode?: number };
  readonly data?: {
    readonly code?: string;
    readonly isResponseError?: boolean;
    readonly payload?: unknown;
    readonly res?: http.IncomingMessage;
  } | null;
}

/** Turns whatever simple-oauth2 threw into an error that keeps nothing of the original. */
function explain(error: unknown, doing: Doing, secrets: readonly string[]): Error {
  const call = { method: "POST", route: ROUTE_OF[doing] };
  if (error instanceof DeadlinePassed) return tooSlow(doing, call);

  const { output, data } = (error ?? {}) as Failure;
  if (!data?.isResponseError || !data.res) {
    data?.res?.destroy();
    const timedOut = output?.statusCode === 504 || output?.statusCode === 408;
    return timedOut ? tooSlow(doing, call) : unavailable(doing, data?.code ?? "no readable answer", call);
  }

  const status = data.res.statusCode ?? 0;
  if (status === 429) {
    const { retryAfterS, scope } = readRefusal(data.res.headers, data.payload);
    return new RateLimited({ ...call, status: 503, retryAfter: retryAfterS, scope });
  }
  const { error: code, description } = readOAuthError(data.payload, secrets);
  if (code === undefined || status >= 500) return unavailable(doing, `status ${status}`, call);
  if (code === "invalid_client" || code === "unauthorized_client") {
    return new HttpException({
      ...call,
      message: `Discord refused this application while ${doing} (${code}): check DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET.`,
      code: "client_rejected",
      status: 500,
      error: code,
      description,
    });
  }
  if (code === "invalid_grant" || doing === "exchanging the code")
    return new TokenRequestRefused(code, description);
  return new HttpException({
    ...call,
    message: `Discord answered ${code} while ${doing}${description ? `: ${description}` : "."}`,
    code: "discord_error",
    status: 502,
    error: code,
    description,
  });
}

function readOAuthError(payload: unknown, secrets: readonly string[]) {
  const { error, error_description } = (payload ?? {}) as Record<string, unknown>;
  const read = (text: unknown, longest: number) =>
    typeof text === "string" ? redactText(text, secrets).slice(0, longest) : undefined;
  return { error: read(error, 100), description: read(error_description, 500) };
}

/** The client's id and secret as they go over the wire (RFC 6749, 2.3.1). */
function basicCredentials({ clientId, clientSecret }: Config): string {
  const form = new URLSearchParams([[clientId, clientSecret]]).toString();
  return Buffer.from(form.replace("=", ":")).toString("base64");
}

type Call = Pick<HttpExceptionDetails, "method" | "route">;

function tooSlow(doing: Doing, call: Call): HttpException {
  return new HttpException({
    ...call,
    message: `Discord took too long ${doing}. The login is unharmed: try again.`,
    code: "discord_timeout",
    status: 504,
  });
}

function unavailable(doing: Doing, reason: string, call: Call): HttpException {
  return new HttpException({
    ...call,
    message: `Discord could not be reached, or did not answer sensibly, ${doing} (${reason}). Try again later.`,
    code: "discord_unavailable",
    status: 502,
  });
}
