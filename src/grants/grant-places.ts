import type { IncomingMessage } from "node:http";
import { LRUCache } from "lru-cache";
import { type Config, storeDeadlineMs } from "../config.js";
import type { Seal } from "../seal.js";
import { type GrantPlace, parseToken, type Token } from "./grant.js";
import { GrantRecords } from "./grant-records.js";
import { type SessionLike, sessionLifetimeMs, sessionOf, sessionStoreOf, signInOf } from "./session-data.js";
import { besideSessions, inTokenStore, type Records, type SessionStore } from "./token-store.js";

/** Where nobody is signed in. */
const NOWHERE: GrantPlace = {
  read: async () => undefined,
  readAgain: async () => undefined,
  replace: async () => undefined,
  end: async () => undefined,
};

/** Finds the place of a grant: its record, or the session itself where there is no store beside it. */
export class GrantPlaces {
  readonly #seal: Seal;
  readonly #records: GrantRecords;
  readonly #deadlineMs: number;
  readonly #tokenStore: Records | undefined;
  readonly #besideSessions = new WeakMap<SessionStore, Records>();
  /** What became of grants whose tokens are in a cookie: nobody can take back what a browser still sends. */
  readonly #sinceSent = new LRUCache<string, Token | "ended">({ max: 10_000 });

  constructor(config: Config, seal: Seal) {
    this.#seal = seal;
    this.#records = new GrantRecords(seal);
    this.#deadlineMs = storeDeadlineMs(config);
    this.#tokenStore = config.tokenStore && inTokenStore(config.tokenStore, this.#deadlineMs);
  }

  /** The place that the session of this request points to. */
  of(req: IncomingMessage): GrantPlace {
    const session = sessionOf(req);
    const signIn = signInOf(session);
    if (!signIn) return NOWHERE;
    return this.record(req, signIn.grantId) ?? this.#inSession(session, signIn.grantId);
  }

  /** The record of a grant; none where tokens can only lie in the session. */
  record(req: IncomingMessage, grantId: string): GrantPlace | undefined {
    const records = this.#recordsFor(req);
    return records && this.#records.place(records, grantId, sessionLifetimeMs(sessionOf(req)));
  }

  /** Writes the record of a new grant, where there are records. @throws HttpException store_failed */
  async create(req: IncomingMessage, token: Token): Promise<void> {
    const records = this.#recordsFor(req);
    if (records) await this.#records.create(records, token, sessionLifetimeMs(sessionOf(req)));
  }

  /** Writes once more what the stores would not take. */
  saveAgain(): Promise<unknown> {
    return this.#records.saveAgain();
  }

  /** Points the session to a grant; where there are no records, its tokens move in. */
  point(req: IncomingMessage, token: Token): void {
    const session = sessionOf(req);
    const signIn = signInOf(session);
    session.discord =
      signIn?.grantId === token.id
        ? { ...signIn, userId: token.userId }
        : { grantId: token.id, userId: token.userId };
    if (!this.#recordsFor(req)) this.#keepInSession(session, token);
  }

  #recordsFor(req: IncomingMessage): Records | undefined {
    if (this.#tokenStore) return this.#tokenStore;
    const store = sessionStoreOf(req);
    if (!store) return undefined;
    const known = this.#besideSessions.get(store) ?? besideSessions(store, this.#deadlineMs);
    this.#besideSessions.set(store, known);
    return known;
  }

  #inSession(session: SessionLike, grantId: string): GrantPlace {
    const read = async () => {
      const latest = this.#sinceSent.get(grantId);
      if (latest === "ended") return undefined;
      const sealed = signInOf(session)?.sealed;
      const text = sealed && this.#seal.open("grant", grantId, sealed);
      const sent = text ? parseToken(text) : undefined;
      if (!sent || !latest || latest.issuedAt <= sent.issuedAt) return sent;
      this.#keepInSession(session, latest);
      return latest;
    };
    return {
      isInAnswer: true,
      read,
      readAgain: read,
      replace: async (former, next) => {
        const stored = await read();
        if (stored?.accessToken !== former.accessToken) return stored;
        this.#sinceSent.set(grantId, next);
        this.#keepInSession(session, next);
        return next;
      },
      end: async () => {
        this.#sinceSent.set(grantId, "ended");
      },
    };
  }

  #keepInSession(session: SessionLike, token: Token): void {
    const signIn = signInOf(session);
    if (signIn)
      session.discord = { ...signIn, sealed: this.#seal.seal("grant", token.id, JSON.stringify(token)) };
  }
}
