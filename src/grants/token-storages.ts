import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Config, storeDeadlineMs } from "../config.js";
import type { Seal } from "../seal.js";
import { GrantRecord, type RecordSettings } from "./grant-record.js";
import { type OwnTokenMethods, ownTokenStorage } from "./own-token-storage.js";
import { keyFormOf, type RecordPurpose } from "./record-keys.js";
import { besideSessions, inTokenStore, type RecordStore, type SessionStore } from "./record-store.js";
import {
  hasSession,
  type SessionLike,
  type SignIn,
  sessionIdOf,
  sessionLifetimeMs,
  sessionOf,
  sessionStoreOf,
  setSignIn,
  signInOf,
} from "./session-data.js";
import { leaseMs } from "./time-limits.js";
import { isToken, type Token } from "./token.js";
import { NOBODY, type TokenStorage } from "./token-storage.js";

/** Finds the token storage of a grant: the app's own methods, a record in a store, or the session if it has no store. */
export class TokenStorages {
  /** Whether the app overrides the token methods. */
  readonly areOwn: boolean;
  /** Returns the token storage of a request. */
  readonly of: (req: IncomingMessage) => TokenStorage;
  readonly #config: Config;
  readonly #seal: Seal;
  readonly #owner = randomBytes(12).toString("base64url");
  readonly #tokenStore: RecordSettings | undefined;
  readonly #besideSessions = new WeakMap<SessionStore, RecordSettings>();

  /** @param own the app's own token methods, if it overrides them */
  constructor(config: Config, seal: Seal, own?: OwnTokenMethods) {
    this.areOwn = own !== undefined;
    this.of = own ? (req) => this.#inApp(own, req) : this.standard;
    this.#config = config;
    this.#seal = seal;
    this.#tokenStore =
      config.tokenStore && this.#settings(inTokenStore(config.tokenStore, storeDeadlineMs(config)));
  }

  /** Returns the storage that the session of this request points to, even if the app overrides the token methods. */
  standard(req: IncomingMessage): TokenStorage {
    const session = sessionOf(req);
    const signIn = signInOf(session, this.#config.clientId);
    if (!signIn) return NOBODY;
    return this.#record(req, signIn, "token") ?? this.#inSession(session, signIn);
  }

  /** Points the session of this request to a grant. @returns the grant's token storage */
  pointTo(req: IncomingMessage, { id, userId }: Token): TokenStorage {
    const session = sessionOf(req);
    const { clientId } = this.#config;
    const signIn = signInOf(session, clientId);
    const keyForm = signIn?.keyForm ?? keyFormOf(sessionIdOf(req));
    setSignIn(session, clientId, { ...(signIn?.grantId === id && signIn), grantId: id, userId, keyForm });
    return this.standard(req);
  }

  /** Returns the record of a login, with its tokens unless the app stores those itself; `undefined` without a store. */
  recordOfLogin(req: IncomingMessage, grant: SignIn): GrantRecord | undefined {
    sessionOf(req);
    return this.#record(req, grant, this.areOwn ? "login" : "token");
  }

  #record(req: IncomingMessage, grant: SignIn, purpose: RecordPurpose): GrantRecord | undefined {
    const lifetimeMs = sessionLifetimeMs(req);
    if (this.#tokenStore)
      return new GrantRecord(this.#tokenStore, { ...grant, keyForm: undefined }, lifetimeMs, purpose);
    const store = sessionStoreOf(req);
    if (!store) return undefined;
    const settings = this.#besideSessions.get(store) ?? this.#addStore(store);
    return new GrantRecord(settings, grant, lifetimeMs, purpose);
  }

  #addStore(store: SessionStore): RecordSettings {
    const settings = this.#settings(besideSessions(store, storeDeadlineMs(this.#config)));
    this.#besideSessions.set(store, settings);
    return settings;
  }

  #settings(store: RecordStore): RecordSettings {
    return {
      store,
      seal: this.#seal,
      leaseMs: leaseMs(this.#config.timeoutMs),
      owner: this.#owner,
      keyOf: this.#config.recordKey,
    };
  }

  #inApp(own: OwnTokenMethods, req: IncomingMessage): TokenStorage {
    const signIn = hasSession(req) ? signInOf(sessionOf(req), this.#config.clientId) : undefined;
    const login = signIn && this.recordOfLogin(req, signIn);
    return ownTokenStorage(own, req, storeDeadlineMs(this.#config), signIn, login);
  }

  /** The session is a cookie. A slow response can restore an older cookie; `GrantMemory` still has the newer pair. */
  #inSession(session: SessionLike, known: SignIn): TokenStorage {
    const { clientId } = this.#config;
    const { grantId } = known;
    const seal = this.#seal;
    const keep = async (sealed: string | undefined) => {
      const signIn = signInOf(session, clientId);
      if (signIn?.grantId === grantId) setSignIn(session, clientId, { ...signIn, sealed });
    };
    return {
      id: grantId,
      signIn: known,
      isInResponse: true,
      async read() {
        const sealed = signInOf(session, clientId)?.sealed;
        const text = sealed && seal.open("grant", grantId, sealed);
        const token: unknown = text ? JSON.parse(text) : undefined;
        return isToken(token) ? { token } : undefined;
      },
      write: (token) => keep(seal.seal("grant", grantId, JSON.stringify(token))),
      delete: () => keep(undefined),
    };
  }
}
