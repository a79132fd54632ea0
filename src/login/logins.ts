import type { IncomingMessage, ServerResponse } from "node:http";
import type { APIGuild, APIWebhook } from "discord-api-types/v10";
import { LRUCache } from "lru-cache";
import { hasPassed, now, sleep } from "../clock.js";
import type { Config } from "../config.js";
import { digestOf } from "../digest.js";
import { HttpException } from "../errors.js";
import type { GrantPlace, Token } from "../grants/grant.js";
import { heldPlace } from "../grants/held-place.js";
import { lastUserOf, type SessionLike, sessionOf, signInOf } from "../grants/session-data.js";
import type { Tokens } from "../grants/tokens.js";
import { underLock } from "../grants/under-lock.js";
import type { OAuth } from "../oauth/oauth.js";
import { TokenRequestRefused } from "../oauth/oauth-errors.js";
import type { TokenAnswer } from "../oauth/token-answer.js";
import { allowsPkce, withoutPassthrough } from "../scopes.js";
import type { Seal } from "../seal.js";
import type { Users } from "../users/users.js";
import { authorizationUrl, checkLoginOptions, type LoginOptions } from "./authorization-url.js";
import { authorizationError, parseCallbackQuery, requireIssuer } from "./callback-query.js";
import { type Flow, Flows, unknownFlow } from "./flow.js";
import type { Login, LoginResult, ReplayedLogin } from "./login.js";
import { LoginCounter } from "./login-counter.js";
import { OwnCookies } from "./own-cookies.js";
import { requireReturnTo } from "./return-to.js";
import { renewSession, saveSession } from "./session-renewal.js";
import { SetupWarnings } from "./setup-warnings.js";

const OUTCOME_KEPT_MS = 600_000;
const OUTCOMES_KEPT = 1000;
const LOOK_FOR_OUTCOME_MS = 2000;
const PAUSE_MS = 100;
const GRANT_ID_CHARS = 24;

/** Where logins put what they have got: the instance, whose methods an app may have overridden. */
export interface GrantKeeper {
  /** The place that the session of this request points to. */
  placeOf(req: IncomingMessage): GrantPlace;
  /** The record of a grant, where grants can be found by their id. */
  record(req: IncomingMessage, grantId: string): GrantPlace | undefined;
  create(req: IncomingMessage, token: Token): Promise<void>;
  save(req: IncomingMessage, token: Token): Promise<void>;
}

interface Parts {
  readonly config: Config;
  readonly seal: Seal;
  readonly oauth: OAuth;
  readonly tokens: Tokens;
  readonly users: Users;
  readonly keeper: GrantKeeper;
}

/** What the exchange of a code gave. `replayed`: it had been exchanged before. */
interface Outcome {
  readonly replayed: boolean;
  readonly token: Token;
  readonly guild?: unknown;
  readonly webhook?: unknown;
}

/** Signing in: to Discord and back. */
export class Logins {
  readonly #parts: Parts;
  readonly #flows: Flows;
  readonly #counter: LoginCounter;
  readonly #warnings: SetupWarnings;
  readonly #exchanges = new Map<string, { readonly code: string; readonly outcome: Promise<Outcome> }>();
  /** The grants of recent callbacks, for those that come twice. */
  readonly #outcomes = new LRUCache<string, Token>({
    max: OUTCOMES_KEPT,
    ttl: OUTCOME_KEPT_MS,
    ttlResolution: 0,
    perf: { now },
  });

  constructor(parts: Parts) {
    this.#parts = parts;
    const ownCookies = new OwnCookies(parts.config.redirectUri.startsWith("https:"));
    this.#flows = new Flows(parts.seal, ownCookies);
    this.#counter = new LoginCounter(ownCookies);
    this.#warnings = new SetupWarnings(parts.config);
  }

  /** Begins a login. @returns Discord's authorization URL */
  async begin(req: IncomingMessage, res: ServerResponse, options: LoginOptions): Promise<string> {
    const { config } = this.#parts;
    const scopes = await this.#scopesFor(req, options);
    checkLoginOptions(options, scopes);
    const flow = this.#flows.start(req.headers.cookie, {
      pkce: allowsPkce(scopes),
      scopes,
      data: options.data,
      returnTo: options.returnTo === undefined ? undefined : requireReturnTo(options.returnTo),
    });
    const url = authorizationUrl(config, scopes, flow, options);
    this.#warnings.inspect(req);
    for (const cookie of flow.setCookies) res.appendHeader("Set-Cookie", cookie);
    return url;
  }

  /** Ends a login. @throws AccessDenied, HttpException, RateLimited */
  async complete(req: IncomingMessage, res: ServerResponse): Promise<LoginResult> {
    const { state, issuer, answer } = parseCallbackQuery(req.url ?? "");
    const flow = await this.#find(req, state);
    if (!flow) return this.#replayed(await this.#parts.tokens.usable(this.#parts.keeper.placeOf(req)));
    requireIssuer(issuer, this.#parts.config.issuer);
    sessionOf(req);
    res.appendHeader("Set-Cookie", this.#flows.end(state));
    if ("error" in answer) throw authorizationError(answer);

    const outcome = await this.#exchangeOnce(req, flow, answer.code);
    await this.#signIn(req, outcome, digestOf(state));
    res.appendHeader("Set-Cookie", this.#counter.next(req.headers.cookie));
    return outcome.replayed ? this.#replayed(outcome.token, flow) : toLogin(outcome, flow);
  }

  /** How often this browser has ended a login within the last minute. */
  recentLogins(req: IncomingMessage): number {
    return this.#counter.read(req.headers.cookie);
  }

  /** A browser that signs out has a session that sticks. */
  restartCount(req: IncomingMessage): void {
    // Express puts the answer there.
    const { res } = req as IncomingMessage & { readonly res?: ServerResponse };
    const cookie = this.#counter.removal(req.headers.cookie);
    if (cookie && res?.headersSent === false) res.appendHeader("Set-Cookie", cookie);
  }

  /** Forgets the outcome of a login that was signed out since. */
  forget(grantId: string): void {
    this.#outcomes.delete(grantId);
  }

  async #scopesFor(req: IncomingMessage, options: LoginOptions): Promise<readonly string[]> {
    const { config, keeper } = this.#parts;
    const wanted = options.scopes ?? config.scopes;
    if (!options.incremental) return wanted;
    const granted = (await keeper.placeOf(req).read())?.scopes ?? config.scopes;
    return [...new Set([...withoutPassthrough(granted), ...wanted])];
  }

  /** @returns nothing when this is the callback that made this session, and its cookie is gone */
  async #find(req: IncomingMessage, state: string): Promise<Flow | undefined> {
    const { keeper } = this.#parts;
    try {
      return this.#flows.find(req.headers.cookie, state);
    } catch (error) {
      if (!(error instanceof HttpException) || error.code !== "flow_unknown") throw error;
      const madeThis = signInOf(sessionOf(req))?.stateHash === digestOf(state);
      if (madeThis && (await keeper.placeOf(req).read())) return undefined;
      throw unknownFlow(this.#warnings.hint);
    }
  }

  /**
   * Callbacks with the same state are one login, and have one grant id: a double click, a reload, and Discord's page when
   * it sends the visitor back twice, with a code each.
   */
  async #exchangeOnce(req: IncomingMessage, flow: Flow, code: string): Promise<Outcome> {
    const grantId = digestOf(`grant\n${flow.state}`).slice(0, GRANT_ID_CHARS);
    const underway = this.#exchanges.get(grantId);
    if (underway !== undefined) {
      const outcome = await (underway.code === code
        ? underway.outcome
        : underway.outcome.catch(() => undefined));
      if (outcome) return { ...outcome, replayed: true };
    }
    const outcome = this.#exchange(req, flow, code, grantId).finally(() => this.#exchanges.delete(grantId));
    this.#exchanges.set(grantId, { code, outcome });
    return outcome;
  }

  async #exchange(req: IncomingMessage, flow: Flow, code: string, grantId: string): Promise<Outcome> {
    const { lock, timeoutMs } = this.#parts.config;
    const record = this.#parts.keeper.record(req, grantId);
    const known = this.#outcomes.get(grantId);
    if (known) {
      const token = record ? await record.readAgain() : known;
      if (token) return { replayed: true, token };
    }
    if (!lock) return this.#exchangeNow(req, flow, code, grantId);
    return underLock(lock, `discord-callback-${grantId}`, 2 * timeoutMs, async () => {
      const token = await record?.readAgain();
      return token ? { replayed: true, token } : this.#exchangeNow(req, flow, code, grantId);
    });
  }

  async #exchangeNow(req: IncomingMessage, flow: Flow, code: string, grantId: string): Promise<Outcome> {
    const { oauth, keeper, users } = this.#parts;
    try {
      const answer = await oauth.exchangeCode(code, flow.verifier);
      const token = await this.#withUserId(toToken(answer, grantId, flow.scopes));
      await keeper.create(req, token);
      this.#outcomes.set(grantId, token);
      return { replayed: false, token, guild: answer.guild, webhook: answer.webhook };
    } catch (error) {
      users.forget(grantId);
      if (!(error instanceof TokenRequestRefused)) throw error;
      const token = await this.#grantOfOtherProcess(req, grantId);
      if (token) return { replayed: true, token };
      throw codeRejected(error);
    }
  }

  /** Asks for the user now, so that the first page need not; a login does not fail for the want of it. */
  async #withUserId(granted: Token): Promise<Token> {
    if (!granted.scopes.includes("identify")) return granted;
    const place = heldPlace(granted);
    const user = await this.#parts.users.user(place).catch(() => undefined);
    return { ...((await place.read()) ?? granted), userId: user?.id };
  }

  /** Another process may have exchanged this very code a moment ago. */
  async #grantOfOtherProcess(req: IncomingMessage, grantId: string): Promise<Token | undefined> {
    const record = this.#parts.keeper.record(req, grantId);
    if (!record?.claim) return undefined;
    const start = now();
    for (;;) {
      const token = await record.readAgain();
      if (token || hasPassed(LOOK_FOR_OUTCOME_MS, start)) return token;
      await sleep(PAUSE_MS);
    }
  }

  /** Gives the visitor a new session that points to the grant, and saves it before anything else happens. */
  async #signIn(req: IncomingMessage, { token, replayed }: Outcome, stateHash: string): Promise<void> {
    const { keeper, tokens } = this.#parts;
    let session: SessionLike | undefined;
    try {
      await this.#endFormer(req, token.id);
      const last = lastUserOf(sessionOf(req));
      session = await renewSession(req, !last || (last.id !== undefined && last.id === token.userId));
      session.discord = { grantId: token.id, userId: token.userId, stateHash };
      await keeper.save(req, token);
      await saveSession(session);
    } catch (error) {
      // What is left of the session is still written at the end of the request.
      if (session) session.discord = { formerUserId: token.userId };
      if (!replayed)
        await tokens.end(keeper.record(req, token.id) ?? heldPlace(token), token.id).catch(() => undefined);
      throw error;
    }
  }

  /** Ends the grant that this session pointed to. Not at Discord: that would end the new one too. */
  async #endFormer(req: IncomingMessage, nextId: string): Promise<void> {
    const { keeper, tokens, users } = this.#parts;
    const former = signInOf(sessionOf(req));
    if (!former || former.grantId === nextId) return;
    await tokens.end(keeper.placeOf(req), former.grantId);
    users.forget(former.grantId);
    this.forget(former.grantId);
  }

  #replayed({ scopes, userId }: Token, flow?: Flow): ReplayedLogin {
    return { replayed: true, data: flow?.data, scopes, userId, returnTo: flow?.returnTo };
  }
}

/** Property by property: V8 gives each object that a rest pattern copies a hidden class of its own, hundreds of bytes large. */
function toToken(
  { accessToken, refreshToken, scopes, issuedAt, expiresAt }: TokenAnswer,
  id: string,
  asked: readonly string[],
): Token {
  const granted = scopes.length > 0 ? scopes : asked;
  return { id, accessToken, refreshToken, scopes: granted, issuedAt, expiresAt, userId: undefined };
}

function toLogin({ token, guild, webhook }: Outcome, { data, returnTo }: Flow): Login {
  return {
    replayed: false,
    data,
    scopes: token.scopes,
    userId: token.userId,
    returnTo,
    guild: guild as APIGuild | undefined,
    webhook: webhook as APIWebhook | undefined,
  };
}

function codeRejected({ error, description }: TokenRequestRefused): HttpException {
  return new HttpException({
    message: `Discord refused the code of this login (${error}${description ? `: ${description}` : ""}). Codes work once and for 100 seconds; if it happens always, two processes have different redirect URIs.`,
    code: "code_rejected",
    status: 400,
    error,
    description,
    method: "POST",
    route: "/oauth2/token",
  });
}
