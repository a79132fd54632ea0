import { sleep } from "../clock.js";
import type { OAuth } from "../oauth/oauth.js";
import { TokenRequestRefused } from "../oauth/oauth-errors.js";
import type { GrantMemory } from "./grant-memory.js";
import type { Stored } from "./grant-record.js";
import type { GrantWriter } from "./grant-writer.js";
import type { Lease } from "./lease.js";
import { grantEnded } from "./sign-in-errors.js";
import { LOOK_AGAIN_MS } from "./time-limits.js";
import { isExpired, isNewer, newerOf, type Token } from "./token.js";
import type { TokenStorage } from "./token-storage.js";

/** Called with the milliseconds until the request to Discord. Callers that wait start their deadlines then. */
export type Asking = (inMs: number) => void;

/** Refreshes a pair, or finds the new pair that another process has stored. */
export class Refresher {
  readonly #memory: GrantMemory;
  readonly #writer: GrantWriter;
  readonly #oauth: OAuth;

  constructor(memory: GrantMemory, writer: GrantWriter, oauth: OAuth) {
    this.#memory = memory;
    this.#writer = writer;
    this.#oauth = oauth;
  }

  /** @throws Unauthorized when the grant has ended */
  refresh(storage: TokenStorage, former: Token, asking: Asking): Promise<Token> {
    return this.#writer.inTurn(former.id, () => this.#refresh(storage, former, asking));
  }

  async #refresh(storage: TokenStorage, former: Token, asking: Asking): Promise<Token> {
    const lease = storage.record?.lease;
    let current = former;
    for (;;) {
      let stored: Stored | undefined;
      const isOvertaken = async () => {
        stored = await storage.read();
        return !stored || isNewer(stored.token, current);
      };
      if ((await lease?.acquire(() => asking(0), isOvertaken)) === false) {
        // Another process has stored a newer pair, or the record is gone.
        if (!stored) throw this.#missing(current);
        current = stored.token;
        if (this.#isUsable(current)) return this.#adopt(storage, current);
        continue;
      }
      let outcome: Token | "other process" | undefined;
      try {
        outcome = await this.#asHolder(storage, current, asking);
      } finally {
        // Until the new pair is stored, other processes must not send the old one.
        const isUnfinished = outcome === "other process" || this.#memory.unsaved(former.id) !== undefined;
        if (!isUnfinished) await lease?.release();
      }
      if (outcome !== "other process") return outcome;
    }
  }

  /** Reads the record under the lease, because the previous holder may have stored a new pair. */
  async #asHolder(storage: TokenStorage, former: Token, asking: Asking): Promise<Token | "other process"> {
    const read = await this.#writer.read(storage);
    if (!read) throw this.#missing(former);
    const { token: stored } = read;
    const latest = newerOf(stored, this.#memory.newest(stored.id));
    if (latest.accessToken !== former.accessToken && this.#isUsable(latest))
      return latest === stored ? this.#adopt(storage, stored) : this.#writer.store(storage, latest);
    const { refreshToken } = latest;
    if (refreshToken === undefined || this.#memory.isRejected(refreshToken)) throw await this.#ended(storage);
    asking(0);
    const task = async () =>
      this.#writer.store(storage, await this.#requestPair(latest, refreshToken, asking));
    const { record } = storage;
    const lease = record?.lease;
    try {
      // The store may be slow to write the new pair, so the lease is renewed until then.
      return await (lease ? lease.during(task) : task());
    } catch (error) {
      if (!(error instanceof TokenRequestRefused)) {
        // Discord may be unavailable for longer than the record lives.
        if (record) await this.#writer.rewriteIfNeeded(record, read).catch(() => undefined);
        throw error;
      }
      const other = await this.#otherProcess(storage, latest, lease);
      if (other) return other;
      this.#memory.reject(refreshToken);
      throw await this.#ended(storage);
    }
  }

  async #requestPair(former: Token, refreshToken: string, asking: Asking): Promise<Token> {
    const answer = await this.#oauth.refresh(refreshToken, asking);
    return {
      ...former,
      accessToken: answer.accessToken,
      refreshToken: answer.refreshToken ?? refreshToken,
      scopes: answer.scopes.length > 0 ? answer.scopes : former.scopes,
      issuedAt: Math.max(answer.issuedAt, former.issuedAt + 1),
      expiresAt: answer.expiresAt,
    };
  }

  /**
   * Looks for another process that has used the refresh token, after Discord rejected it.
   *
   * @returns the pair that it has stored, or `"other process"` if one holds the lease and is about to store it
   */
  async #otherProcess(
    storage: TokenStorage,
    former: Token,
    lease: Lease | undefined,
  ): Promise<Token | "other process" | undefined> {
    if (!storage.isShared) return undefined;
    for (const pauseMs of LOOK_AGAIN_MS) {
      await sleep(pauseMs);
      const holder = await lease?.holder();
      const stored = (await storage.read())?.token;
      if (!stored) throw this.#missing(former);
      if (stored.id !== former.id || isNewer(stored, former)) return this.#adopt(storage, stored);
      if (holder) return "other process";
    }
    return undefined;
  }

  /** Reads the marker after the pair, because a sign-out may have failed to delete it. */
  async #adopt(storage: TokenStorage, stored: Token): Promise<Token> {
    const ended = (await storage.record?.readEndedMarker()) ?? this.#memory.ended(stored.id);
    if (ended) {
      this.#memory.end(stored.id, ended);
      throw grantEnded();
    }
    this.#memory.learn(stored.id, stored, storage.record);
    return stored;
  }

  #missing({ id }: Token): Error {
    this.#memory.learn(id, undefined);
    return grantEnded();
  }

  /** Tells a caller that holds the token that it has ended. @returns the error to throw */
  async #ended(storage: TokenStorage): Promise<Error> {
    if (storage.isHeldByCaller) await storage.delete();
    return grantEnded();
  }

  #isUsable(token: Token): boolean {
    return !isExpired(token) && !this.#memory.isRejected(token.accessToken);
  }
}
