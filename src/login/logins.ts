import type { IncomingMessage, ServerResponse } from "node:http";
import { hasPassed } from "../clock.js";
import { digestOf } from "../digest.js";
import { HttpException } from "../errors.js";
import type { Ended, LoginRecord } from "../grants/grant-record.js";
import { keyFormOf } from "../grants/record-keys.js";
import { sessionIdOf, sessionOf, setSignIn, signInOf } from "../grants/session-data.js";
import type { User } from "../models/user.js";
import type { CallbackOptions, CodeOptions } from "../options.js";
import { hasPassthroughScope, withoutPassthrough } from "../scopes.js";
import { Addresses, requireReturnTo } from "./addresses.js";
import { authorizationUrl, checkLoginOptions, type LoginOptions } from "./authorization-url.js";
import { authorizationError, parseCallbackQuery, requireIssuer } from "./callback-query.js";
import { CancelMark } from "./cancel-mark.js";
import { grantIdOf, toReplayedLogin } from "./code.js";
import { CodeRedemption } from "./code-redemption.js";
import { Flows, unknownFlow } from "./flow.js";
import type { CodeLogin, LoginResult, ReplayedLogin } from "./login.js";
import { LoginCounter } from "./login-counter.js";
import { answersNonVisit, requireConnectFromOwnPage, requireMethod, responseTo } from "./manners.js";
import { OwnCookies } from "./own-cookies.js";
import { requireOwnClient, requirePostedCode } from "./posted-code-checks.js";
import { SetupWarnings } from "./setup-warnings.js";
import type { LoginParts } from "./sign-ins.js";

/** How long a client may repeat a posted code with its verifier. */
const REPEATABLE_MS = 60_000;

/** Starts and completes logins, and signs visitors out. */
export class Logins {
  readonly addresses: Addresses;
  readonly cancelMark: CancelMark;
  readonly warnings: SetupWarnings;
  readonly #counter: LoginCounter;
  readonly #parts: LoginParts;
  readonly #flows: Flows;
  readonly #redemption: CodeRedemption;

  constructor(parts: LoginParts) {
    const { config, seal } = parts;
    this.#parts = parts;
    this.#redemption = new CodeRedemption(parts);
    const cookies = new OwnCookies(config);
    this.#flows = new Flows(seal, cookies);
    this.addresses = new Addresses(config);
    this.cancelMark = new CancelMark(cookies);
    this.warnings = new SetupWarnings(config);
    this.#counter = new LoginCounter(cookies);
  }

  /** Starts a login. @returns the URL of Discord's authorization page */
  async begin(req: IncomingMessage, res: ServerResponse, options: LoginOptions): Promise<string> {
    const { config } = this.#parts;
    // Without a session the callback would fail, but only after the visitor has been to Discord.
    sessionOf(req);
    const scopes = await this.#scopesFor(req, options);
    checkLoginOptions(options, scopes);
    if (options.connect !== undefined) requireConnectFromOwnPage(req, config.redirectUri);
    const { data, returnTo, prompt, connect } = options;
    const flow = this.#flows.start(req, res, {
      scopes,
      data,
      returnTo: returnTo === undefined ? undefined : requireReturnTo(returnTo, config.origins),
      prompt: prompt === false ? prompt : undefined,
      connect,
      keyForm: keyFormOf(sessionIdOf(req)),
    });
    this.warnings.inspect(req);
    return authorizationUrl(config, scopes, flow, options);
  }

  /** @returns a promise that never settles for HEAD requests and browser prefetches, which are answered with 204 */
  async complete(
    req: IncomingMessage,
    res: ServerResponse,
    { onLogin, connect }: CallbackOptions,
  ): Promise<LoginResult> {
    res.setHeader("Referrer-Policy", "no-referrer");
    if (answersNonVisit(req, res)) return new Promise(() => {});
    requireMethod(["GET"], req, res, "A callback");
    const { config, oauth } = this.#parts;
    const { state, issuer, answer } = parseCallbackQuery(req.url ?? "");
    const flow = this.#flows.find(req, state);
    if (!flow)
      return this.#replayOf(req, "code" in answer ? grantIdOf("grant", state, answer.code) : undefined);
    requireIssuer(issuer, config.issuer);
    sessionOf(req);
    try {
      if (!("code" in answer)) throw authorizationError(answer, flow.prompt);
      if (flow.connect !== undefined && flow.connect !== connect) throw accountMismatch();
      const result = await this.#redemption.redeem({
        ...flow,
        req,
        res,
        kind: flow.connect === undefined ? "callback" : "connection",
        grantId: grantIdOf("grant", state, answer.code),
        loginId: digestOf(state),
        onLogin,
        exchange: () => oauth.exchangeCode(answer.code, flow.verifier),
      });
      this.#flows.end(res, state);
      if (!result.connected) this.#counter.add(req, res);
      // A callback that completes an earlier attempt has no guild.
      if (!result.replayed && (result.guild || result.scopes.includes("bot"))) this.#parts.onBotJoined();
      return result;
    } catch (error) {
      if (!mayStillSucceed(error)) this.#flows.end(res, state);
      throw error;
    }
  }

  /**
   * Signs a visitor in with a code that their client posts: Activities and mobile apps, which Discord does not redirect
   * to the callback. These logins have no cookie. Only the session that a code has signed in, or the client's verifier,
   * proves that a repeated code comes from the same client.
   */
  async signInWithCode(req: IncomingMessage, options: CodeOptions): Promise<CodeLogin> {
    const { config, oauth } = this.#parts;
    const res = responseTo(req);
    if (res?.headersSent === false) res.setHeader("Cache-Control", "no-store");
    requireOwnClient(req, config);
    requirePostedCode(options);
    const { code, codeVerifier, redirectUri, onLogin } = options;
    // The hash includes the verifier: the same code with another verifier is another login, and Discord checks it.
    const grantId = grantIdOf("posted", redirectUri, codeVerifier, code);
    const isOwn = (login: LoginRecord | undefined) =>
      signInOf(sessionOf(req), config.clientId)?.grantId === grantId ||
      (codeVerifier !== undefined && login !== undefined && !hasPassed(REPEATABLE_MS, login.at));
    const result = await this.#redemption.redeem({
      req,
      res,
      kind: "posted",
      grantId,
      loginId: grantId,
      keyForm: keyFormOf(sessionIdOf(req)),
      scopes: [],
      onLogin,
      exchange: () => oauth.exchangeCode(code, codeVerifier, redirectUri ?? null),
      mayRepeat: (login, sharesExchange) => sharesExchange || isOwn(login),
    });
    return result as CodeLogin;
  }

  async signOut(req: IncomingMessage, ended: Ended): Promise<void> {
    const { config, grants, storages, users } = this.#parts;
    const session = sessionOf(req);
    const storage = storages.of(req);
    const signIn = signInOf(session, config.clientId);
    const grantId = signIn?.grantId ?? (await storage.read())?.token.id;
    if (grantId === undefined) return;

    try {
      await grants.end(storage, grantId, ended);
    } finally {
      users.forget(grantId);
      setSignIn(session, config.clientId, { formerUserId: signIn?.userId ?? null });
      // A browser that signs out keeps its session, so it does not loop.
      this.#counter.stop(req, responseTo(req));
    }
  }

  /**
   * Whether this browser has completed several logins within a minute but its session is still empty: it loops. If not,
   * counts its logins from now on.
   */
  isLoop(req: IncomingMessage): boolean {
    if (sessionOf(req).discord === undefined && this.#counter.isLooping(req)) return true;
    this.#counter.start(req, responseTo(req));
    return false;
  }

  /** Returns the user of this session as last seen by this process. For requests that cannot check the sign-in now. */
  lastKnownUser(req: IncomingMessage): User | undefined {
    const { config, users } = this.#parts;
    const signIn = signInOf(sessionOf(req), config.clientId);
    return signIn && users.lastKnown(signIn.grantId);
  }

  /** See {@link CodeRedemption.inFlight}. */
  get inFlight(): Promise<void>[] {
    return this.#redemption.inFlight;
  }

  async #scopesFor(req: IncomingMessage, options: LoginOptions): Promise<readonly string[]> {
    const { config, grants, storages } = this.#parts;
    const scopes = options.scopes ?? config.scopes;
    const isPassthrough = Array.isArray(scopes) && hasPassthroughScope(scopes);
    if (options.connect !== undefined || !(options.incremental ?? isPassthrough)) return scopes;
    const ifNobody = options.incremental ? config.scopes : [];
    const granted = (await grants.read(storages.of(req)))?.scopes ?? ifNobody;
    return [...new Set([...withoutPassthrough(granted), ...scopes])];
  }

  /** Answers a callback whose cookie is gone. @throws HttpException flow_unknown unless it has signed this session in */
  async #replayOf(req: IncomingMessage, grantId: string | undefined): Promise<ReplayedLogin> {
    const { config, grants, storages } = this.#parts;
    const signIn = signInOf(sessionOf(req), config.clientId);
    const storage = storages.of(req);
    const madeThis = signIn !== undefined && signIn.grantId === grantId;
    if (!madeThis || !(await grants.read(storage))) throw unknownFlow(this.warnings.hint);
    return toReplayedLogin(await grants.validToken(storage));
  }
}

function accountMismatch(): HttpException {
  return new HttpException({
    message:
      "This login was started to connect Discord to a different account than the visitor's current one, so nothing was connected. Pass the id of the current account: callback(req, res, { connect }), or discordRouter({ accountOf }).",
    code: "account_mismatch",
  });
}

/** Whether the same callback can still succeed: its code is unused, or its tokens are stored. */
function mayStillSucceed(error: unknown): boolean {
  return (
    error instanceof HttpException && ["rate_limited", "lock_failed", "store_failed"].includes(error.code)
  );
}
