import type { IncomingMessage } from "node:http";
import { boundedCache } from "../bounded-cache.js";
import { now } from "../clock.js";
import { type Config, storeDeadlineMs } from "../config.js";
import { HttpException } from "../errors.js";
import type { LoginRecord, RecordContent } from "../grants/grant-record.js";
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
import { requireReturnTo } from "./addresses.js";
import { beforeEnd } from "./before-end.js";
import { type Redeemed, type Turn, toLogin, toReplayedLogin, withAccessToken } from "./code.js";
import { unknownFlow } from "./flow.js";
import type { LoginResult } from "./login.js";
import { renewSession, saveSession, storedSession } from "./session-renewal.js";

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

/** A login that is pending, that no store has, or whose record has no token because the app's own methods store it. */
interface Remembered extends RecordContent {
  /** Absent if a store has the session, the login is pending, or it signed nobody in. */
  readonly session?: SessionLike | undefined;
}

/** Signs visitors in with redeemed codes. */
export class SignIns {
  /** Logins in this process, in place of a record or until it is written. */
  readonly remembered = boundedCache<Remembered>(REMEMBERED, REMEMBERED_MS);
  readonly #parts: LoginParts;
  readonly #deadlineMs: number;
  /** The JSON of each session when it was last saved here. */
  readonly #saved = new WeakMap<SessionLike, string>();

  constructor(parts: LoginParts) {
    this.#parts = parts;
    this.#deadlineMs = storeDeadlineMs(parts.config);
  }

  /** Signs the visitor in, if the login is for that, and runs `onLogin`. */
  async complete(turn: Turn, redeemed: Redeemed): Promise<LoginResult> {
    const { req, res, record, onLogin } = turn;
    const { token } = redeemed;
    if (record) this.#parts.grants.learnFirst(token, record);
    const signsIn = await this.#shouldSignIn(turn, token);
    if (signsIn) await this.#signIn(turn, token);
    const login = toLogin(turn, redeemed);
    let returnTo: string | undefined;
    try {
      const place = await onLogin?.(login);
      // Ignores other values, which apps return without intent.
      if (typeof place === "string")
        returnTo = requireReturnTo(place, this.#parts.config.origins, "What onLogin returns");
      if (onLogin) await this.#save(req);
    } catch (error) {
      await this.#end(turn, token);
      throw error;
    }
    if (!onLogin && res) {
      turn.resolve(login);
      // The app may still change the session.
      await beforeEnd(res, turn.over);
    }
    try {
      if (!onLogin) await this.#save(req);
      await this.#recordEnd(turn, token, signsIn, returnTo);
    } catch {
      // The visitor is signed in. A repeated request completes the record.
    }
    return returnTo === undefined ? login : toLogin({ ...turn, returnTo }, redeemed);
  }

  /** Records the login as finished. Makes a new record, because the app may have changed the session's lifetime. */
  async #recordEnd(turn: Turn, token: Token, signsIn: boolean, returnTo: string | undefined): Promise<void> {
    const { req } = turn;
    const { grants, storages } = this.#parts;
    // The app may have signed out, or destroyed or regenerated the session.
    const isKept = hasSession(req) && (!signsIn || this.#pointsTo(req, token.id));
    if (!isKept || grants.memory.ended(token.id)) return this.#end(turn, token);
    const { id, scopes, userId } = token;
    const sessionId = signsIn ? sessionIdOf(req) : undefined;
    const login = { isPending: false, isSignIn: signsIn, sessionId, scopes, userId, returnTo, at: now() };
    const keepsToken = signsIn && !storages.areOwn;
    const record = storages.recordOfLogin(req, { grantId: id, keyForm: turn.keyForm });
    const hasStore = sessionStoreOf(req) !== undefined;
    // Keeps in memory only what no store has: a session references its whole request.
    if (record && hasStore && !storages.areOwn) this.remembered.delete(id);
    else
      this.remembered.set(id, { session: signsIn && !hasStore ? sessionOf(req) : undefined, token, login });
    // A job that `onLogin` started read the record as pending and would write it back like that.
    await grants.writer.inTurn(id, async () =>
      record?.writeContent({ token: keepsToken ? grants.newestOf(token) : undefined, login }),
    );
    if (keepsToken) grants.memory.setLifetime(id, record?.lifetimeMs);
  }

  /** Whether to sign the visitor in. A login without `identify` (a bot invite) keeps a current sign-in that has it. */
  async #shouldSignIn({ req, kind }: Turn, token: Token): Promise<boolean> {
    if (kind !== "callback") return kind === "posted";
    if (token.scopes.includes("identify")) return true;
    const { grants, storages } = this.#parts;
    const current = await grants.read(storages.of(req));
    return !current?.scopes.includes("identify");
  }

  /** Renews the session, points it to the grant and saves it at once. */
  async #signIn({ req, keyForm }: Turn, token: Token): Promise<void> {
    const { config, grants, storages } = this.#parts;
    const { clientId } = config;
    let session: SessionLike | undefined;
    try {
      await this.#endFormer(req, token.id);
      const former = sessionOf(req);
      const last = lastUserOf(former, clientId);
      const keepsData = !last || (last.id !== undefined && last.id === token.userId);
      session = await renewSession(req, keepsData ? former : undefined, this.#deadlineMs);
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

  /** Ends a login that cannot be completed. Leaves a marker for repeated callbacks, and no token. */
  async #end({ req, record }: Turn, token: Token): Promise<void> {
    const { grants, users } = this.#parts;
    users.forget(token.id);
    this.remembered.delete(token.id);
    await Promise.allSettled([
      grants.end(record ?? NOBODY, token.id),
      this.#pointsTo(req, token.id) ? this.#removeSignIn(req, token) : undefined,
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
  async repeat(turn: Turn, login: LoginRecord): Promise<LoginResult> {
    const { grants, storages } = this.#parts;
    const result = toReplayedLogin({ ...login, returnTo: login.returnTo ?? turn.returnTo }, turn.data);
    if (turn.kind === "connection") return { ...result, connected: true };
    await this.#signInAgain(turn, login);
    if (turn.kind === "callback") return result;
    return withAccessToken(result, await grants.validToken(storages.of(turn.req)));
  }

  /** Gives the visitor a copy of the session that the first request signed in, under a new id. */
  async #signInAgain({ req, grantId }: Turn, login: LoginRecord): Promise<void> {
    const { clientId } = this.#parts.config;
    if (!login.isSignIn || signInOf(sessionOf(req), clientId)?.grantId === grantId) return;
    const store = sessionStoreOf(req);
    const source =
      store && login.sessionId !== undefined
        ? await storedSession(store, login.sessionId, this.#deadlineMs)
        : this.remembered.get(grantId)?.session;
    if (!source || signInOf(source, clientId)?.grantId !== grantId) throw unknownFlow();
    await this.#endFormer(req, grantId);
    const session = await renewSession(req, source, this.#deadlineMs);
    await this.#storeOwnToken(req, grantId);
    await saveSession(session, this.#deadlineMs);
  }

  /** Passes the token to the app's own methods, which may store tokens by session, unless they have it already. */
  async #storeOwnToken(req: IncomingMessage, grantId: string): Promise<void> {
    const { grants, storages } = this.#parts;
    if (!storages.areOwn) return;
    const storage = storages.of(req);
    if ((await storage.read())?.token.id === grantId) return;
    const token = this.remembered.get(grantId)?.token;
    if (!token || grants.memory.ended(grantId)) throw unknownFlow();
    await storage.write(grants.newestOf(token));
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
