import type { IncomingMessage, ServerResponse } from "node:http";
import { boundedCache } from "../bounded-cache.js";
import { now } from "../clock.js";
import { storeDeadlineMs } from "../config.js";
import { HttpException } from "../errors.js";
import type { GrantRecord, LoginRecord } from "../grants/grant-record.js";
import {
  hasSession,
  lastUserOf,
  type SessionLike,
  sessionIdOf,
  sessionOf,
  sessionStoreOf,
  setSignIn,
  signInOf,
} from "../grants/session-data.js";
import type { Token } from "../grants/token.js";
import { NOBODY } from "../grants/token-storage.js";
import { requireGranted } from "../scopes.js";
import { beforeEnd } from "./before-end.js";
import { type Code, type Completed, codeEnded, type Redeemed, type Redemption } from "./code-redemption.js";
import { type Flow, unknownFlow } from "./flow.js";
import { type LoginResult, type OnLogin, type ReplayedLogin, toConnectedLogin, toLogin } from "./login.js";
import type { LoginParts } from "./login-parts.js";
import { requireReturnTo } from "./return-to.js";
import { copySession, renewSession, saveSession, storedSession } from "./session-renewal.js";

const REMEMBERED = 1000;
const REMEMBERED_MS = 600_000;

/**
 * The parts of a finished login that no store has: the session without a session store, the token with own token
 * methods.
 */
interface Finished {
  /** `undefined` if a store has the session, or the login signed nobody in. */
  readonly session: SessionLike | undefined;
  readonly token: Token;
}

/** A request with a code. */
export interface Visit {
  readonly req: IncomingMessage;
  /** The response, if it is known. */
  readonly res: ServerResponse | undefined;
  readonly code: Code;
  /** The `data` and `returnTo` that the login was started with. */
  readonly flow: Pick<Flow, "data" | "returnTo">;
  readonly onLogin: OnLogin | undefined;
  /** Whether the code signs the visitor in. A login without `identify` (a bot invite) may keep the current sign-in. */
  readonly signsIn: "always" | "never" | "unless-without-identify";
}

/** A login whose code has been exchanged. */
interface Ongoing {
  readonly req: IncomingMessage;
  readonly code: Code;
  readonly token: Token;
  /** The record of the login; `undefined` if the app has no store. */
  readonly record: GrantRecord | undefined;
  readonly signsIn: boolean;
}

/** Signs visitors in with redeemed codes. */
export class SignIns {
  readonly #parts: LoginParts;
  readonly #deadlineMs: number;
  /** The JSON of each session when it was last saved here. */
  readonly #saved = new WeakMap<SessionLike, string>();
  readonly #finished = boundedCache<Finished & { readonly login: LoginRecord }>(REMEMBERED, REMEMBERED_MS);

  constructor(parts: LoginParts) {
    this.#parts = parts;
    this.#deadlineMs = storeDeadlineMs(parts.config);
  }

  /** Returns how this request redeems its code. */
  redemption(visit: Visit): Redemption<LoginResult> {
    const { req, code, signsIn } = visit;
    const record = this.#recordOf(req, code);
    return {
      code,
      record,
      former: () => this.#finished.get(code.grantId)?.login,
      identify: (token) => (signsIn === "never" ? this.#identified(token) : this.#withUserId(token)),
      complete: (redeemed, over) => this.#complete(visit, record, redeemed, over),
      // The login's cookie has proved that this is the same browser.
      mayRepeat: () => true,
      repeat: (login) => this.#repeat(visit, login),
    };
  }

  async #complete(
    visit: Visit,
    record: GrantRecord | undefined,
    redeemed: Redeemed,
    over: Promise<void>,
  ): Promise<Completed<LoginResult>> {
    const { req, res, code, flow, onLogin } = visit;
    const { token } = redeemed;
    const toResult = visit.signsIn === "never" ? toConnectedLogin : toLogin;
    const login = toResult(redeemed, flow);
    const signsIn = await this.#signsIn(visit, token);
    if (signsIn) await this.#signIn(req, token, code);
    const ongoing = { req, code, token, record, signsIn };
    const returnTo = onLogin && (await this.#runOnLogin(ongoing, () => onLogin(login)));

    return {
      result: returnTo === undefined ? login : toResult(redeemed, { ...flow, returnTo }),
      isOpen: !onLogin && res !== undefined,
      finish: () => {
        const recordEnd = () => this.#recordEnd(ongoing, returnTo);
        return onLogin || !res ? recordEnd() : beforeEnd(res, () => this.#save(req).then(recordEnd), over);
      },
    };
  }

  /** Records the login as finished. Makes a new record, because the app may have changed the session's lifetime. */
  async #recordEnd(ongoing: Ongoing, returnTo: string | undefined): Promise<void> {
    const { req, code, token, signsIn } = ongoing;
    const { grants, hasOwnStorage } = this.#parts;
    if (grants.hasEnded(token.id)) return;
    // The app may have destroyed or regenerated the session.
    if (!hasSession(req) || (signsIn && !this.#pointsTo(req, token.id))) return this.#end(ongoing);
    const { scopes, userId } = token;
    const sessionId = signsIn ? sessionIdOf(req) : undefined;
    const login = { isPending: false, isSignIn: signsIn, sessionId, scopes, userId, returnTo, at: now() };
    const keepsToken = signsIn && !hasOwnStorage;
    const record = this.#recordOf(req, code);
    const hasStore = sessionStoreOf(req) !== undefined;
    // Keeps in memory only what no store has: a session references its whole request.
    if (!record || !hasStore || hasOwnStorage) {
      const session = signsIn && !hasStore ? sessionOf(req) : undefined;
      this.#finished.set(token.id, { session, token, login });
    }
    await record?.writeContent({ token: keepsToken ? grants.newestOf(token) : undefined, login });
    if (keepsToken) grants.extended(token.id, record?.lifetimeMs);
  }

  #recordOf(req: IncomingMessage, { grantId, keyForm }: Code): GrantRecord | undefined {
    const { storages, hasOwnStorage } = this.#parts;
    return storages.record(req, grantId, keyForm, hasOwnStorage ? "login" : "token");
  }

  /**
   * Whether to sign the visitor in. A login without `identify` (a bot invite) keeps a current sign-in with
   * `identify`.
   */
  async #signsIn({ req, signsIn }: Visit, token: Token): Promise<boolean> {
    if (signsIn !== "unless-without-identify") return signsIn === "always";
    if (token.scopes.includes("identify")) return true;
    const { grants, storageOf } = this.#parts;
    const current = await grants.read(storageOf(req));
    return !current?.scopes.includes("identify") || grants.isRejected(current);
  }

  /** Renews the session, points it to the grant and saves it at once. */
  async #signIn(req: IncomingMessage, token: Token, { keyForm }: Code): Promise<void> {
    const { config, grants, storageOf } = this.#parts;
    const { clientId } = config;
    let session: SessionLike | undefined;
    try {
      await this.#endFormer(req, token.id);
      const last = lastUserOf(sessionOf(req), clientId);
      const keepData = !last || (last.id !== undefined && last.id === token.userId);
      session = await renewSession(req, keepData, this.#deadlineMs);
      setSignIn(session, clientId, { grantId: token.id, userId: token.userId, keyForm });
      const storage = storageOf(req);
      // A record already contains the token.
      if (!storage.record) await storage.write(token);
      grants.began(token, storage.record);
      await this.#save(req);
    } catch (error) {
      // express-session still saves the session at the end of the request, so it must not point to the grant.
      if (session) setSignIn(session, clientId, { formerUserId: token.userId });
      throw error;
    }
  }

  /**
   * Runs `onLogin`. If it throws, the login ends, so that repeating the callback does not complete it.
   *
   * @returns the page that `onLogin` returned, if any
   */
  async #runOnLogin(ongoing: Ongoing, onLogin: () => ReturnType<OnLogin>): Promise<string | undefined> {
    try {
      const place = await onLogin();
      // Ignores other values, which apps return without intent.
      const isPlace = typeof place === "string";
      const { origins } = this.#parts.config;
      const returnTo = isPlace ? requireReturnTo(place, origins, "What onLogin returns") : undefined;
      await this.#save(ongoing.req);
      return returnTo;
    } catch (error) {
      await this.#end(ongoing);
      throw error;
    }
  }

  /** Ends a login that the app has refused. Leaves a marker for repeated callbacks, and no token. */
  async #end({ req, token, record, signsIn }: Ongoing): Promise<void> {
    const { config, grants, storageOf, users, hasOwnStorage } = this.#parts;
    users.forget(token.id);
    const isCurrent = signsIn && this.#pointsTo(req, token.id);
    await Promise.allSettled([
      grants.end(record ?? NOBODY, token.id),
      isCurrent && hasOwnStorage ? storageOf(req).delete() : undefined,
    ]);
    if (isCurrent) setSignIn(sessionOf(req), config.clientId, { formerUserId: token.userId });
  }

  /** Whether the session points to the grant. */
  #pointsTo(req: IncomingMessage, grantId: string): boolean {
    return hasSession(req) && signInOf(sessionOf(req), this.#parts.config.clientId)?.grantId === grantId;
  }

  /** Saves the session if it has changed. A browser may send its next request before express-session has saved it. */
  async #save(req: IncomingMessage): Promise<void> {
    if (!hasSession(req)) return;
    const session = sessionOf(req);
    const text = JSON.stringify(session);
    if (text !== this.#saved.get(session)) await saveSession(session, this.#deadlineMs);
    this.#saved.set(session, text);
  }

  /** Answers a repeated callback with a copy of the session that the first one signed in, under a new id. */
  async #repeat({ req, code, flow, signsIn }: Visit, login: LoginRecord): Promise<LoginResult> {
    const { clientId } = this.#parts.config;
    const { scopes, userId, returnTo = flow.returnTo } = login;
    const result: ReplayedLogin = {
      replayed: true,
      guild: undefined,
      webhook: undefined,
      data: flow.data,
      scopes,
      userId,
      returnTo,
    };
    if (signsIn === "never") return { ...result, connected: true };
    const isSignedIn = signInOf(sessionOf(req), clientId)?.grantId === code.grantId;
    if (isSignedIn || !login.isSignIn) return result;
    const source = await this.#sessionOf(req, code.grantId, login);
    if (!source || signInOf(source, clientId)?.grantId !== code.grantId) throw unknownFlow();
    await this.#endFormer(req, code.grantId);
    const session = await copySession(req, source, this.#deadlineMs);
    await this.#storeOwnToken(req, code.grantId);
    await saveSession(session, this.#deadlineMs);
    return result;
  }

  async #sessionOf(
    req: IncomingMessage,
    grantId: string,
    { sessionId }: LoginRecord,
  ): Promise<SessionLike | undefined> {
    const store = sessionStoreOf(req);
    if (!store || sessionId === undefined) return this.#finished.get(grantId)?.session;
    return storedSession(store, sessionId, this.#deadlineMs);
  }

  /** Passes the token to the app's own methods, which may store tokens by session, unless they have it already. */
  async #storeOwnToken(req: IncomingMessage, grantId: string): Promise<void> {
    const { grants, storageOf, hasOwnStorage } = this.#parts;
    if (!hasOwnStorage) return;
    const storage = storageOf(req);
    if ((await storage.read())?.token.id === grantId) return;
    const finished = this.#finished.get(grantId);
    if (!finished || grants.hasEnded(grantId)) throw unknownFlow();
    await storage.write(grants.newestOf(finished.token));
  }

  /** Ends the session's previous grant. Does not revoke it at Discord, which would revoke the new tokens too. */
  async #endFormer(req: IncomingMessage, nextId: string): Promise<void> {
    const { config, grants, users, storageOf } = this.#parts;
    const former = signInOf(sessionOf(req), config.clientId);
    if (!former || former.grantId === nextId) return;
    await grants.end(storageOf(req), former.grantId);
    users.forget(former.grantId);
  }

  /** Fetches the user. Unlike {@link #withUserId}, throws if that fails: connecting an account needs the user's id. */
  async #identified(granted: Token): Promise<Token> {
    requireGranted(granted.scopes, ["identify"], "Connecting an account");
    const user = await this.#parts.users.ofNewLogin(granted);
    return { ...granted, userId: user.id };
  }

  /** Fetches the user now so the first page does not have to. If that fails, the login still succeeds. */
  async #withUserId(granted: Token): Promise<Token> {
    if (!granted.scopes.includes("identify")) return granted;
    const user = await this.#parts.users.ofNewLogin(granted).catch((error: unknown) => {
      // The user has signed out everywhere meanwhile, or removed the app.
      if (error instanceof HttpException && error.status === 401) throw codeEnded();
      return undefined;
    });
    return { ...granted, userId: user?.id };
  }
}
