import type { IncomingMessage, ServerResponse } from "node:http";
import type { APIGuild, APIWebhook } from "discord-api-types/v10";
import { storeDeadlineMs } from "../config.js";
import { digestOf } from "../digest.js";
import { HttpException, RateLimited } from "../errors.js";
import type { Token } from "../grants/grant.js";
import { heldPlace } from "../grants/held-place.js";
import { lastUserOf, type SessionLike, sessionOf, signInOf } from "../grants/session-data.js";
import type { Tokens } from "../grants/tokens.js";
import { allowsPkce, withoutPassthrough } from "../scopes.js";
import type { Seal } from "../seal.js";
import { authorizationUrl, checkLoginOptions, type LoginOptions } from "./authorization-url.js";
import { authorizationError, parseCallbackQuery, requireIssuer } from "./callback-query.js";
import { type ExchangeParts, Exchanges, type Outcome } from "./exchanges.js";
import { type Flow, Flows, unknownFlow } from "./flow.js";
import type { Login, LoginResult, ReplayedLogin } from "./login.js";
import { LoginCounter } from "./login-counter.js";
import { OwnCookies } from "./own-cookies.js";
import { requireReturnTo } from "./return-to.js";
import { renewSession, saveSession } from "./session-renewal.js";
import { SetupWarnings } from "./setup-warnings.js";

interface Parts extends ExchangeParts {
  readonly seal: Seal;
  readonly tokens: Tokens;
}

/** Signing in: to Discord and back. */
export class Logins {
  readonly #parts: Parts;
  readonly #flows: Flows;
  readonly #counter: LoginCounter;
  readonly #warnings: SetupWarnings;
  readonly #exchanges: Exchanges;
  readonly #completions = new Set<Promise<LoginResult>>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#exchanges = new Exchanges(parts);
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
    const completion = this.#complete(req, res);
    this.#completions.add(completion);
    try {
      return await completion;
    } finally {
      this.#completions.delete(completion);
    }
  }

  async #complete(req: IncomingMessage, res: ServerResponse): Promise<LoginResult> {
    const { state, issuer, answer } = parseCallbackQuery(req.url ?? "");
    const flow = await this.#find(req, state);
    if (!flow) return this.#replayed(await this.#parts.tokens.usable(this.#parts.keeper.placeOf(req)));
    requireIssuer(issuer, this.#parts.config.issuer);
    sessionOf(req);
    const endFlow = () => res.appendHeader("Set-Cookie", this.#flows.end(state));
    if ("error" in answer) {
      endFlow();
      throw authorizationError(answer);
    }
    const outcome = await this.#exchanges.once(req, flow, answer.code).catch((error: unknown) => {
      // Discord has not looked at the code: the same callback can still succeed.
      if (!(error instanceof RateLimited)) endFlow();
      throw error;
    });
    endFlow();
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

  /** How many logins are being ended. */
  get busy(): number {
    return this.#completions.size;
  }

  /** Waits for the logins that are being ended: a code works once. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#completions);
  }

  /** Forgets the outcome of a login that was signed out since. */
  forget(grantId: string): void {
    this.#exchanges.forget(grantId);
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

  /** Gives the visitor a new session that points to the grant, and saves it before anything else happens. */
  async #signIn(req: IncomingMessage, { token, replayed }: Outcome, stateHash: string): Promise<void> {
    const { config, keeper, tokens } = this.#parts;
    const deadlineMs = storeDeadlineMs(config);
    let session: SessionLike | undefined;
    try {
      await this.#endFormer(req, token.id);
      const last = lastUserOf(sessionOf(req));
      const keepData = !last || (last.id !== undefined && last.id === token.userId);
      session = await renewSession(req, keepData, deadlineMs);
      session.discord = { grantId: token.id, userId: token.userId, stateHash };
      await keeper.save(req, token);
      await saveSession(session, deadlineMs);
    } catch (error) {
      // What is left of the session is still written at the end of the request.
      if (session) session.discord = { formerUserId: token.userId };
      if (!replayed && !this.#exchanges.isShared(token.id))
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
