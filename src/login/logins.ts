import type { IncomingMessage, ServerResponse } from "node:http";
import { now } from "../clock.js";
import { digestOf } from "../digest.js";
import { HttpException } from "../errors.js";
import { keyFormOf } from "../grants/record-keys.js";
import { sessionIdOf, sessionOf, setSignIn, signInOf } from "../grants/session-data.js";
import type { Ended } from "../grants/token-storage.js";
import type { CallbackOptions } from "../options.js";
import { allowsPkce, hasPassthroughScope, withoutPassthrough } from "../scopes.js";
import { authorizationUrl, checkLoginOptions, type LoginOptions } from "./authorization-url.js";
import { authorizationError, parseCallbackQuery, requireIssuer } from "./callback-query.js";
import { CancelMark } from "./cancel-mark.js";
import { CodeRedemption } from "./code-redemption.js";
import { type Flow, Flows, isFlowUnknown, type Opener, unknownFlow } from "./flow.js";
import type { LoginResult, ReplayedLogin } from "./login.js";
import { LoginCounter } from "./login-counter.js";
import type { LoginParts } from "./login-parts.js";
import { requireGet } from "./manners.js";
import { OwnCookies } from "./own-cookies.js";
import { requireOwnPage } from "./own-pages.js";
import { PostedCodes } from "./posted-codes.js";
import { requireReturnTo } from "./return-to.js";
import { SetupWarnings } from "./setup-warnings.js";
import { SignIns } from "./sign-ins.js";
import { Visits } from "./visits.js";

const GRANT_ID_CHARS = 24;
const LOOP_LOGINS = 3;

/** Starts and completes logins, and signs visitors out. */
export class Logins {
  readonly visits: Visits;
  readonly #parts: LoginParts;
  readonly #flows: Flows;
  readonly #counter: LoginCounter;
  readonly #warnings: SetupWarnings;
  readonly #redemption: CodeRedemption;
  readonly #signIns: SignIns;
  /** Sign-ins with a code that a client posts. */
  readonly posted: PostedCodes;

  constructor(parts: LoginParts) {
    const { config, seal, grants } = parts;
    this.#parts = parts;
    this.#redemption = new CodeRedemption(config, grants);
    this.#signIns = new SignIns(parts);
    const ownCookies = new OwnCookies(config.redirectUri.startsWith("https:"));
    this.#flows = new Flows(seal, ownCookies, config.clientId);
    this.#counter = new LoginCounter(ownCookies, config.clientId);
    this.#warnings = new SetupWarnings(config);
    this.posted = new PostedCodes(parts, this.#redemption, this.#signIns);
    this.visits = new Visits(
      parts,
      new CancelMark(ownCookies, config.clientId),
      this.#counter,
      this.#warnings,
    );
  }

  /** Starts a login. @returns the URL of Discord's authorization page */
  async begin(req: IncomingMessage, res: ServerResponse, options: LoginOptions): Promise<string> {
    const { config } = this.#parts;
    // Without a session the callback would fail, but only after the visitor has been to Discord.
    sessionOf(req);
    const scopes = await this.#scopesFor(req, options);
    checkLoginOptions(options, scopes);
    if (options.connect !== undefined) requireOwnPage(req, config.redirectUri, "connection of accounts");
    const wish = {
      pkce: allowsPkce(scopes),
      scopes,
      data: options.data,
      returnTo:
        options.returnTo === undefined ? undefined : requireReturnTo(options.returnTo, config.origins),
      prompt: options.prompt === false ? (false as const) : undefined,
      connect: options.connect,
      keyForm: keyFormOf(sessionIdOf(req)),
    };
    const flow = this.#flows.start(req.headers.cookie, wish, openerOf(req));
    const url = authorizationUrl(config, scopes, flow, options);
    this.#warnings.inspect(req);
    for (const cookie of flow.setCookies) res.appendHeader("Set-Cookie", cookie);
    return url;
  }

  /**
   * Completes a login.
   *
   * @throws AccessDenied, HttpException, RateLimited, and any error of `onLogin`
   */
  async complete(
    req: IncomingMessage,
    res: ServerResponse,
    { onLogin, connect }: CallbackOptions,
  ): Promise<LoginResult> {
    requireGet(req, res);
    const { config, oauth } = this.#parts;
    const { state, issuer, answer } = parseCallbackQuery(req.url ?? "");
    const grantId = "code" in answer ? grantIdOf(state, answer.code) : undefined;
    const flow = await this.#find(req, state, grantId);
    if (!("scopes" in flow && "state" in flow)) return flow;
    requireIssuer(issuer, config.issuer);
    sessionOf(req);
    const endFlow = () => appendCookie(res, this.#flows.end(state));
    if (!("code" in answer)) {
      endFlow();
      throw authorizationError(answer, flow.prompt);
    }
    if (flow.connect !== undefined && flow.connect !== connect) {
      endFlow();
      throw accountMismatch();
    }
    const code = {
      grantId: grantIdOf(state, answer.code),
      loginId: digestOf(state),
      keyForm: flow.keyForm,
      scopes: flow.scopes,
      exchange: () => oauth.exchangeCode(answer.code, flow.verifier),
    };
    try {
      const signsIn = flow.connect === undefined ? "unless-without-identify" : "never";
      const visit = { req, res, code, flow, onLogin, signsIn } as const;
      const result = await this.#redemption.redeem(this.#signIns.redemption(visit));
      endFlow();
      this.#count(req, res);
      if (!result.replayed && result.guild) this.#parts.onBotJoined();
      return result;
    } catch (error) {
      if (!mayStillSucceed(error)) endFlow();
      throw error;
    }
  }

  /**
   * Signs out the visitor of this session.
   *
   * @throws HttpException store_failed
   * @throws HttpException, RateLimited with `everywhere`, when Discord could not revoke the tokens; the visitor is
   * signed out of this app anyway
   */
  async signOut(req: IncomingMessage, ended: Ended): Promise<void> {
    const { config, grants, storageOf, users } = this.#parts;
    const session = sessionOf(req);
    const storage = storageOf(req);
    const signIn = signInOf(session, config.clientId);
    const grantId = signIn?.grantId ?? (await storage.read())?.token.id;
    if (grantId === undefined) return;

    const since = now();
    try {
      await grants.end(storage, grantId, ended);
      if (ended === "everywhere") grants.revoked(signIn?.userId, since);
    } finally {
      users.forget(grantId);
      setSignIn(session, config.clientId, { formerUserId: signIn?.userId });
      this.#restartCount(req);
    }
  }

  /** Whether this browser has completed several logins within a minute but its session is still empty: it loops. */
  isLoop(req: IncomingMessage): boolean {
    return sessionOf(req).discord === undefined && this.#counter.read(req.headers.cookie) >= LOOP_LOGINS;
  }

  /** The number of logins being completed. */
  get busy(): number {
    return this.#redemption.busy;
  }

  /** Waits for logins being completed: a code works once, so an interrupted login would be lost. */
  idle(): Promise<void> {
    return this.#redemption.idle();
  }

  /** A browser that signs out keeps its session, so it does not loop. */
  #restartCount(req: IncomingMessage): void {
    // Express sets `req.res`.
    const { res } = req as IncomingMessage & { readonly res?: ServerResponse };
    appendCookie(res, this.#counter.removal(req.headers.cookie));
  }

  #count(req: IncomingMessage, res: ServerResponse): void {
    appendCookie(res, this.#counter.next(req.headers.cookie));
  }

  async #scopesFor(req: IncomingMessage, options: LoginOptions): Promise<readonly string[]> {
    const { config, grants, storageOf } = this.#parts;
    const scopes = options.scopes ?? config.scopes;
    const isPassthrough = Array.isArray(scopes) && hasPassthroughScope(scopes);
    if (options.connect !== undefined || !(options.incremental ?? isPassthrough)) return scopes;
    const ifNobody = options.incremental ? config.scopes : [];
    const granted = (await grants.read(storageOf(req)))?.scopes ?? ifNobody;
    return [...new Set([...withoutPassthrough(granted), ...scopes])];
  }

  /**
   * @returns the login in progress; or the result, if its cookie is gone but this session was signed in by the same
   * callback
   */
  async #find(
    req: IncomingMessage,
    state: string,
    grantId: string | undefined,
  ): Promise<Flow | ReplayedLogin> {
    const { config, grants, storageOf } = this.#parts;
    try {
      return this.#flows.find(req.headers.cookie, state);
    } catch (error) {
      if (!isFlowUnknown(error)) throw error;
      const signIn = signInOf(sessionOf(req), config.clientId);
      const madeThis = signIn !== undefined && signIn.grantId === grantId;
      const token = madeThis ? await grants.read(storageOf(req)) : undefined;
      if (!token) throw unknownFlow(this.#warnings.hint);
      const { scopes, userId } = await grants.validToken(storageOf(req));
      return {
        replayed: true,
        guild: undefined,
        webhook: undefined,
        data: undefined,
        scopes,
        userId,
        returnTo: undefined,
      };
    }
  }
}

function accountMismatch(): HttpException {
  return new HttpException({
    message:
      "This login was started to connect a Discord account to another account than the visitor's current one, so nothing was connected. Pass the id of the visitor's account: callback(req, res, { connect }).",
    code: "account_mismatch",
    status: 403,
  });
}

/** Whether the same callback can still succeed: its code is unused, or its tokens are stored. */
function mayStillSucceed(error: unknown): boolean {
  return (
    error instanceof HttpException && ["rate_limited", "lock_failed", "store_failed"].includes(error.code)
  );
}

/** Sets a cookie, unless the app has sent its response already. */
function appendCookie(res: ServerResponse | undefined, cookie: string | undefined): void {
  if (cookie && res?.headersSent === false) res.appendHeader("Set-Cookie", cookie);
}

function openerOf(req: IncomingMessage): Opener {
  const site = req.headers["sec-fetch-site"];
  if (site === undefined) return "unknown";
  return site === "same-origin" || site === "none" ? "own page" : "other site";
}

/** Hashes the state and the code: each code under a state is a login of its own. */
function grantIdOf(state: string, code: string): string {
  return digestOf(`grant\n${state}\n${code}`).slice(0, GRANT_ID_CHARS);
}
