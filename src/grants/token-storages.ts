import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Config, storeDeadlineMs } from "../config.js";
import type { Seal } from "../seal.js";
import { GrantRecord, type RecordSettings } from "./grant-record.js";
import { type KeyForm, keyFormOf, type RecordPurpose } from "./record-keys.js";
import { besideSessions, inTokenStore, type RecordStore, type SessionStore } from "./record-store.js";
import {
  type SessionLike,
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

/** Finds the token storage of a grant: a record in a store, or the session itself if it has no store. */
export class TokenStorages {
  readonly #config: Config;
  readonly #seal: Seal;
  readonly #instance = randomBytes(3).toString("base64url");
  readonly #tokenStore: RecordSettings | undefined;
  readonly #besideSessions = new WeakMap<SessionStore, RecordSettings>();

  constructor(config: Config, seal: Seal) {
    this.#config = config;
    this.#seal = seal;
    this.#tokenStore =
      config.tokenStore && this.#settings(inTokenStore(config.tokenStore, storeDeadlineMs(config)));
  }

  /** Returns the token storage that the session of this request points to. */
  of(req: IncomingMessage): TokenStorage {
    const session = sessionOf(req);
    const signIn = signInOf(session, this.#config.clientId);
    if (!signIn) return NOBODY;
    return this.record(req, signIn.grantId, signIn.keyForm) ?? this.#inSession(session, signIn.grantId);
  }

  /** Points the session of this request to a grant. @returns the grant's token storage */
  pointTo(req: IncomingMessage, { id, userId }: Token): TokenStorage {
    const session = sessionOf(req);
    const { clientId } = this.#config;
    const signIn = signInOf(session, clientId);
    const keyForm = signIn?.keyForm ?? keyFormOf(sessionIdOf(req));
    setSignIn(session, clientId, { ...(signIn?.grantId === id && signIn), grantId: id, userId, keyForm });
    return this.of(req);
  }

  /** Returns the record of a grant; `undefined` if there is no store and tokens are kept in the session. */
  record(
    req: IncomingMessage,
    grantId: string,
    keyForm: KeyForm | undefined,
    purpose?: RecordPurpose,
  ): GrantRecord | undefined {
    const settings = this.#tokenStore ?? this.#settingsBeside(sessionStoreOf(req));
    return (
      settings &&
      new GrantRecord(
        settings,
        grantId,
        this.#tokenStore ? undefined : keyForm,
        sessionLifetimeMs(sessionOf(req)),
        purpose,
      )
    );
  }

  #settingsBeside(store: SessionStore | undefined): RecordSettings | undefined {
    if (!store) return undefined;
    const settings =
      this.#besideSessions.get(store) ?? this.#settings(besideSessions(store, storeDeadlineMs(this.#config)));
    this.#besideSessions.set(store, settings);
    return settings;
  }

  #settings(store: RecordStore): RecordSettings {
    return {
      store,
      seal: this.#seal,
      leaseMs: leaseMs(this.#config.timeoutMs),
      instance: this.#instance,
      keyOf: this.#config.recordKey,
    };
  }

  /** The session is a cookie. A slow response can restore an older cookie; `GrantMemory` still has the newer pair. */
  #inSession(session: SessionLike, grantId: string): TokenStorage {
    const { clientId } = this.#config;
    const seal = this.#seal;
    return {
      id: grantId,
      isShared: false,
      isInResponse: true,
      async read() {
        const sealed = signInOf(session, clientId)?.sealed;
        const text = sealed && seal.open("grant", grantId, sealed);
        const token: unknown = text ? JSON.parse(text) : undefined;
        return isToken(token) ? { token } : undefined;
      },
      async write(token: Token) {
        const signIn = signInOf(session, clientId);
        if (signIn)
          setSignIn(session, clientId, {
            ...signIn,
            sealed: seal.seal("grant", grantId, JSON.stringify(token)),
          });
      },
      delete: async () => undefined,
    };
  }
}
