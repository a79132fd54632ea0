import type { AuthorizationTokenConfig, ModuleOptions } from "simple-oauth2";
import type { Config } from "../config.js";
import { withDeadline } from "../deadline.js";
import type { Token } from "../grants/token.js";
import { Lazy } from "../lazy.js";
import { Admission, type AdmittedCall } from "../rest/admission.js";
import { traceRequest } from "../telemetry.js";
import { USER_AGENT } from "../version.js";
import { answerIn, callOf, type Doing, explain } from "./oauth-errors.js";
import { agentForOneRequest, createAgent, type RequestAgent } from "./token-agent.js";
import { parseTokenAnswer, type TokenAnswer } from "./token-answer.js";

/** Names the version, because Discord responds like v6 otherwise: retry times in milliseconds, an old guild shape. */
const TOKEN_PATH = "/api/v10/oauth2/token";
const REVOCATION_PATH = "/api/v10/oauth2/token/revoke";
const MAX_ANSWER_BYTES = 1024 * 1024;
/** The timeout of a refresh, as a multiple of `timeoutMs`: a lost response may lose the sign-in. */
const REFRESH_DEADLINES = 4;
const MAX_ATTEMPTS = 2;

/** Requests to Discord's token endpoint. The only class that uses simple-oauth2. */
export class OAuth {
  readonly #config: Config;
  readonly #admission: Admission;
  readonly #opened: Lazy<Opened>;

  constructor(config: Config, admission = new Admission(config)) {
    this.#config = config;
    this.#admission = admission;
    this.#opened = new Lazy(() => open(config));
  }

  /** Loads simple-oauth2 and the HTTP agent so that the first login does not have to. */
  async load(): Promise<void> {
    await this.#opened.get();
  }

  /**
   * Exchanges an authorization code for tokens.
   *
   * @param redirectUri the redirect URI of the authorization request; `null` if it had none
   * @throws TokenRequestRefused, HttpException, RateLimited
   */
  async exchangeCode(
    code: string,
    verifier: string | undefined,
    redirectUri: string | null = this.#config.redirectUri,
  ): Promise<TokenAnswer> {
    // The types require a redirect URI, but an authorization request may have none.
    const params = { code, ...(verifier && { code_verifier: verifier }) } as AuthorizationTokenConfig;
    if (redirectUri !== null) params.redirect_uri = redirectUri;
    return this.#request("exchanging the code", [code, verifier], async ({ client }, http) =>
      parseTokenAnswer((await client.getToken(params, http)).token),
    );
  }

  /**
   * Refreshes a pair. Waits much longer than a request should, because losing the response would lose the sign-in.
   *
   * @param onWait called before each wait for a rate limit, with its length in milliseconds
   * @throws TokenRequestRefused, HttpException, RateLimited
   */
  async refresh(refreshToken: string, onWait?: (ms: number) => void): Promise<TokenAnswer> {
    const timeoutMs = REFRESH_DEADLINES * this.#config.timeoutMs;
    const ask: Task<TokenAnswer> = async ({ client }, http) =>
      parseTokenAnswer((await client.createToken({ refresh_token: refreshToken }).refresh({}, http)).token);
    return this.#request("refreshing the token", [refreshToken], ask, timeoutMs, onWait);
  }

  /** Revokes all tokens of the user for this application. @throws HttpException, RateLimited */
  async revoke({ accessToken, refreshToken }: Pick<Token, "accessToken" | "refreshToken">): Promise<void> {
    await this.#request("revoking the token", [accessToken, refreshToken], async ({ client }, http) => {
      const token = client.createToken({ access_token: accessToken, refresh_token: refreshToken });
      // Revoking an expired access token has no effect, so prefer the refresh token.
      await token.revoke(refreshToken === undefined ? "access_token" : "refresh_token", http);
    });
  }

  /** Requests a token for the application's owner. @throws HttpException, RateLimited */
  async clientCredentials(scopes: readonly string[]): Promise<TokenAnswer> {
    return this.#request("requesting a client credentials token", [], async ({ options }, http) => {
      const { ClientCredentials } = await import("simple-oauth2");
      const client = new ClientCredentials(options);
      return parseTokenAnswer((await client.getToken({ scope: [...scopes] }, http)).token);
    });
  }

  async close(): Promise<void> {
    (await this.#opened.take())?.agent.destroy();
  }

  /** @param sent the secrets in the request, which must not appear in errors */
  async #request<T>(
    doing: Doing,
    sent: readonly (string | undefined)[],
    task: Task<T>,
    timeLeftMs = this.#config.timeoutMs,
    onWait?: (ms: number) => void,
  ): Promise<T> {
    const { clientSecret } = this.#config;
    const names = callOf(doing);
    const secrets = [...sent, clientSecret, basicCredentials(this.#config)];
    const call: AdmittedCall = {
      ...names,
      scheme: "Basic",
      token: clientSecret,
      secrets: secrets.filter((secret) => secret !== undefined),
      slot: { subject: "application", route: `POST ${names.route}`, major: "", bucket: undefined },
      standing: "essential",
      trace: { ...names, subject: "application", attempts: 0, waitedMs: 0 },
      maxAttempts: MAX_ATTEMPTS,
      timeLeftMs,
    };
    return traceRequest(call.trace, async () => {
      for (;;) {
        try {
          return await this.#admission.attempt(call, () => this.#send(call, task), onWait);
        } catch (error) {
          const answer = answerIn(error);
          if (answer?.status !== 429) throw explain(error, doing, call);
          this.#admission.refuse(call, answer.headers, answer.body);
        }
      }
    });
  }

  async #send<T>(call: AdmittedCall, task: Task<T>): Promise<T> {
    const opened = await this.#opened.get();
    const agent = agentForOneRequest(opened.agent);
    try {
      const answer = await withDeadline(call.timeLeftMs, task(opened, { agent }));
      call.trace.status = 200;
      return answer;
    } catch (error) {
      const answer = answerIn(error);
      if (answer) this.#admission.learn(call, answer.status, answer.headers);
      else agent.destroyRequest();
      throw error;
    }
  }
}

/** @param http options for one request. No timeout: after a freeze, its timer fires before the response is read */
type Task<T> = (opened: Opened, http: { readonly agent: RequestAgent }) => Promise<T>;

type Opened = Awaited<ReturnType<typeof open>>;

async function open(config: Config) {
  const [{ AuthorizationCode }, agent] = await Promise.all([import("simple-oauth2"), createAgent(config)]);
  const options = {
    client: { id: config.clientId, secret: config.clientSecret },
    auth: { tokenHost: config.discordUrl, tokenPath: TOKEN_PATH, revokePath: REVOCATION_PATH },
    http: { agent, json: true, maxBytes: MAX_ANSWER_BYTES, headers: { "User-Agent": USER_AGENT } },
  } as ModuleOptions<"client_id">;
  return { client: new AuthorizationCode(options), options, agent };
}

/** The client's id and secret as sent in the `Authorization` header (RFC 6749, 2.3.1). */
function basicCredentials({ clientId, clientSecret }: Config): string {
  const form = new URLSearchParams([[clientId, clientSecret]]).toString();
  return Buffer.from(form.replace("=", ":")).toString("base64");
}
