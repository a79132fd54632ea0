import type { IncomingMessage } from "node:http";
import { boundedCache } from "../bounded-cache.js";
import { now } from "../clock.js";
import { type Config, storeDeadlineMs } from "../config.js";
import { HttpException } from "../errors.js";
import type { GrantRecord, LoginRecord, RecordContent } from "../grants/grant-record.js";
import type { Grants } from "../grants/grants.js";
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
import type { TokenStorages } from "../grants/token-storages.js";
import type { OAuth } from "../oauth/oauth.js";
import type { Seal } from "../seal.js";
import type { Users } from "../users/users.js";
import { beforeEnd } from "./before-end.js";
import type { Attempt, Code, Redeemed } from "./code.js";
import { unknownFlow } from "./flow.js";
import type { LoginResult, OnLogin } from "./login.js";
import { toLogin, toReplayedLogin, withAccessToken } from "./login-results.js";
import { requireReturnTo } from "./return-to.js";
import { copySession, renewSession, saveSession, storedSession } from "./session-renewal.js";

const REMEMBERED = 1000;
const REMEMBERED_MS = 600_000;

/** What a login needs. */
export interface LoginParts {
  readonly config: Config;
  readonly seal: Seal;
  readonly oauth: OAuth;
  readonly grants: Grants;
  readonly users: Users;
  readonly storages: TokenStorages;
  /** Called when a login has added the bot to a guild. */
  onBotJoined(): void;
}

/** A login, kept if no store has its session, or its token is stored by the app's own methods. */
interface Remembered {
  readonly login: LoginRecord;
  /** `undefined` if a store has the session, the login is pending, or it signed nobody in. */
  readonly session?: SessionLike | undefined;
  readonly token: Token;
}

/** A login that may be completed now. */
export interface Completable {
  readonly attempt: Attempt;
  /** The record of the login; `undefined` if the app has no store. */
  readonly record: GrantRecord | undefined;
  /** Returns the result to the app before the login is recorded as finished. */
  resolve(result: LoginResult): void;
  /** Resolves when the login is recorded and repeated requests can be answered. */
  over(): Promise<void>;
}

/** A login whose code has been exchanged. */
interface Ongoing extends Pick<Completable, "attempt" | "record"> {
  readonly token: Token;
  readonly signsIn: boolean;
}

/** Signs visitors in with redeemed codes. */
export class SignIns {
  readonly #parts: LoginParts;
  readonly #deadlineMs: number;
  /** The JSON of each session when it was last saved here. */
  readonly #saved = new WeakMap<SessionLike, string>();
  readonly #remembered = boundedCache<Remembered>(REMEMBERED, REMEMBERED_MS);

  constructor(parts: LoginParts) {
    this.#parts = parts;
    this.#deadlineMs = storeDeadlineMs(parts.config);
  }

  /** Returns a login from this process's memory, in place of a record. */
  contentOf(grantId: string): RecordContent | undefined {
    return this.#remembered.get(grantId);
  }

  /** Keeps a login in this process's memory. */
  remember(login: Remembered): void {
    this.#remembered.set(login.token.id, login);
  }

  /** Signs the visitor in, if the login is for that, and runs `onLogin`. */
  async complete({ attempt, record, resolve, over }: Completable, redeemed: Redeemed): Promise<LoginResult> {
    const { req, res, flow, kind, onLogin } = attempt;
    const { token } = redeemed;
    if (record) this.#parts.grants.learnFirst(token, record);
    const login = toLogin(kind, redeemed, flow);
    const signsIn = await this.#shouldSignIn(attempt, token);
    if (signsIn) await this.#signIn(req, token, attempt.code);
    const ongoing = { attempt, token, record, signsIn };
    const returnTo = onLogin && (await this.#runOnLogin(ongoing, () => onLogin(login)));
    const result = returnTo === undefined ? login : toLogin(kind, redeemed, { ...flow, returnTo });

    const recordEnd = () => this.#recordEnd(ongoing, returnTo);
    // Without onLogin, the app may still change the session until it ends its response.
    if (onLogin || !res) await recordEnd().catch(() => undefined);
    else {
      resolve(result);
      await beforeEnd(res, () => this.#save(req).then(recordEnd), over).catch(() => undefined);
    }
    return result;
  }

  /** Records the login as finished. Makes a new record, because the app may have changed the session's lifetime. */
  async #recordEnd(ongoing: Ongoing, returnTo: string | undefined): Promise<void> {
    const { attempt, token, signsIn } = ongoing;
    const { req } = attempt;
    const { grants, storages } = this.#parts;
    // The app may have signed out, or destroyed or regenerated the session.
    const isKept = hasSession(req) && (!signsIn || this.#pointsTo(req, token.id));
    if (!isKept || grants.memory.ended(token.id)) return this.#end(ongoing);
    const { scopes, userId } = token;
    const sessionId = signsIn ? sessionIdOf(req) : undefined;
    const login = { isPending: false, isSignIn: signsIn, sessionId, scopes, userId, returnTo, at: now() };
    const keepsToken = signsIn && !storages.areOwn;
    const record = storages.recordOfLogin(req, attempt.code);
    const hasStore = sessionStoreOf(req) !== undefined;
    // Keeps in memory only what no store has: a session references its whole request.
    if (record && hasStore && !storages.areOwn) this.#remembered.delete(token.id);
    else this.remember({ session: signsIn && !hasStore ? sessionOf(req) : undefined, token, login });
    // A job that `onLogin` started read the record as pending and would write it back like that.
    await grants.writer.inTurn(token.id, async () =>
      record?.writeContent({ token: keepsToken ? grants.newestOf(token) : undefined, login }),
    );
    if (keepsToken) grants.memory.setLifetime(token.id, record?.lifetimeMs);
  }

  /** Whether to sign the visitor in. A login without `identify` (a bot invite) keeps a current sign-in that has it. */
  async #shouldSignIn({ req, kind }: Attempt, token: Token): Promise<boolean> {
    if (kind !== "callback") return kind === "posted";
    if (token.scopes.includes("identify")) return true;
    const { grants, storages } = this.#parts;
    const current = await grants.read(storages.of(req));
    return !current?.scopes.includes("identify") || grants.memory.isRejected(current.accessToken);
  }

  /** Renews the session, points it to the grant and saves it at once. */
  async #signIn(req: IncomingMessage, token: Token, { keyForm }: Code): Promise<void> {
    const { config, grants, storages } = this.#parts;
    const { clientId } = config;
    let session: SessionLike | undefined;
    try {
      await this.#endFormer(req, token.id);
      const last = lastUserOf(sessionOf(req), clientId);
      const keepData = !last || (last.id !== undefined && last.id === token.userId);
      session = await renewSession(req, keepData, this.#deadlineMs);
      setSignIn(session, clientId, { grantId: token.id, userId: token.userId, keyForm });
      const storage = storages.of(req);
      // A record already contains the token.
      if (!storage.record) await grants.storeFirst(storage, token);
      await this.#save(req);
    } catch (error) {
      // express-session still saves the session at the end of the request, so it must not point to the grant.
      if (session) await this.#removeSignIn(req, token);
      throw error;
    }
  }

  /** Runs `onLogin`, and ends the login if it throws. @returns the page that `onLogin` returned, if any */
  async #runOnLogin(ongoing: Ongoing, onLogin: () => ReturnType<OnLogin>): Promise<string | undefined> {
    try {
      const place = await onLogin();
      // Ignores other values, which apps return without intent.
      const isPlace = typeof place === "string";
      const { origins } = this.#parts.config;
      const returnTo = isPlace ? requireReturnTo(place, origins, "What onLogin returns") : undefined;
      await this.#save(ongoing.attempt.req);
      return returnTo;
    } catch (error) {
      await this.#end(ongoing);
      throw error;
    }
  }

  /** Ends a login that cannot be completed. Leaves a marker for repeated callbacks, and no token. */
  async #end({ attempt: { req }, token, record, signsIn }: Ongoing): Promise<void> {
    const { grants, users } = this.#parts;
    users.forget(token.id);
    const isCurrent = signsIn && this.#pointsTo(req, token.id);
    await Promise.allSettled([
      grants.end(record ?? NOBODY, token.id),
      isCurrent ? this.#removeSignIn(req, token) : undefined,
    ]);
  }

  /** Removes the sign-in from the session, and its tokens from the app's own storage. */
  async #removeSignIn(req: IncomingMessage, { userId }: Token): Promise<void> {
    const { config, storages } = this.#parts;
    // First the tokens: the app's own methods may need the sign-in to find them.
    if (storages.areOwn) await Promise.allSettled([storages.of(req).delete()]);
    setSignIn(sessionOf(req), config.clientId, { formerUserId: userId ?? null });
  }

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

  /** Answers a request whose login has already finished. */
  async repeat(attempt: Attempt, login: LoginRecord): Promise<LoginResult> {
    const { grants, storages } = this.#parts;
    const { data, returnTo } = attempt.flow;
    const result = toReplayedLogin({ ...login, returnTo: login.returnTo ?? returnTo }, data);
    if (attempt.kind === "connection") return { ...result, connected: true };
    await this.#signInAgain(attempt, login);
    return attempt.kind === "posted"
      ? withAccessToken(result, await grants.validToken(storages.of(attempt.req)))
      : result;
  }

  /** Gives the visitor a copy of the session that the first request signed in, under a new id. */
  async #signInAgain({ req, code: { grantId } }: Attempt, login: LoginRecord): Promise<void> {
    const { clientId } = this.#parts.config;
    if (!login.isSignIn || signInOf(sessionOf(req), clientId)?.grantId === grantId) return;
    const store = sessionStoreOf(req);
    const source =
      store && login.sessionId !== undefined
        ? await storedSession(store, login.sessionId, this.#deadlineMs)
        : this.#remembered.get(grantId)?.session;
    if (!source || signInOf(source, clientId)?.grantId !== grantId) throw unknownFlow();
    await this.#endFormer(req, grantId);
    const session = await copySession(req, source, this.#deadlineMs);
    await this.#storeOwnToken(req, grantId);
    await saveSession(session, this.#deadlineMs);
  }

  /** Passes the token to the app's own methods, which may store tokens by session, unless they have it already. */
  async #storeOwnToken(req: IncomingMessage, grantId: string): Promise<void> {
    const { grants, storages } = this.#parts;
    if (!storages.areOwn) return;
    const storage = storages.of(req);
    if ((await storage.read())?.token.id === grantId) return;
    const remembered = this.#remembered.get(grantId);
    if (!remembered || grants.memory.ended(grantId)) throw unknownFlow();
    await storage.write(grants.newestOf(remembered.token));
  }

  /** Ends the session's previous grant. Does not revoke it at Discord, which would revoke the new tokens too. */
  async #endFormer(req: IncomingMessage, nextId: string): Promise<void> {
    const { config, grants, users, storages } = this.#parts;
    const former = signInOf(sessionOf(req), config.clientId);
    if (!former || former.grantId === nextId) return;
    const reading = storages.areOwn ? storages.of(req).read() : undefined;
    const own = await reading?.catch((error: unknown) => {
      // Any other error means that the stored value is not a token. The visitor is about to get a new one.
      if (error instanceof HttpException) throw error;
    });
    // The app's own methods may store one token for each user, and have the next one already.
    const storage = own?.token.id === nextId ? storages.recordOfLogin(req, former) : storages.of(req);
    await grants.end(storage ?? NOBODY, former.grantId);
    users.forget(former.grantId);
  }
}
