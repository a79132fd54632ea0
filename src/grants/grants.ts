import { boundedCache } from "../bounded-cache.js";
import { now } from "../clock.js";
import type { Config } from "../config.js";
import { withDeadline } from "../deadline.js";
import { Unauthorized } from "../errors.js";
import type { OAuth } from "../oauth/oauth.js";
import { tooSlow } from "../oauth/oauth-errors.js";
import { traceRefresh } from "../telemetry.js";
import { Deauthorizations } from "./deauthorizations.js";
import { type CachedGrant, GrantMemory, hashOf } from "./grant-memory.js";
import type { Ended, GrantRecord, Stored } from "./grant-record.js";
import { GrantWriter } from "./grant-writer.js";
import { InFlight } from "./in-flight.js";
import { Refresher } from "./refresher.js";
import { grantEnded, notSignedIn } from "./sign-in-errors.js";
import { EARLY_PATIENCE_MS, EARLY_RETRY_MS } from "./time-limits.js";
import { isDue, isExpired, newerOf, type Token, withUser } from "./token.js";
import type { TokenStorage } from "./token-storage.js";
import { underLock } from "./under-lock.js";

/** Reads, refreshes and ends grants. A grant is one sign-in, through all of its token pairs. */
export class Grants {
  readonly memory = new GrantMemory();
  readonly writer: GrantWriter;
  readonly deauthorizations = new Deauthorizations();
  readonly #config: Config;
  readonly #oauth: OAuth;
  readonly #refresher: Refresher;
  readonly #refreshes = new Map<string, InFlight<Token>>();
  /** When a failed early refresh may be retried, by grant id, in epoch milliseconds. */
  readonly #earlyAgainAt = boundedCache<number>(10_000);
  readonly #isAccepted: (token: Token) => Promise<boolean>;

  /** @param isAccepted whether Discord still accepts an access token */
  constructor(config: Config, oauth: OAuth, isAccepted: (token: Token) => Promise<boolean>) {
    this.#config = config;
    this.#oauth = oauth;
    this.#isAccepted = isAccepted;
    this.writer = new GrantWriter(this.memory, oauth);
    this.#refresher = new Refresher(this.memory, this.writer, oauth);
  }

  /** Returns a valid token, refreshed if it is due. @throws Unauthorized; other errors sign nobody out */
  async validToken(storage: TokenStorage): Promise<Token> {
    const { record } = storage;
    const cached = record && this.memory.fresh(record.id, record.lifetimeMs);
    if (cached) this.#extendIfLonger(record, cached, false);
    const found = cached ? cached.token : await this.#read(storage);
    if (!found) throw notSignedIn();
    const token = withUser(found, storage.signIn);
    const isDeauthorized = this.deauthorizations.concerns(token);
    if (isDeauthorized !== false) await this.#endIfDeauthorized(storage, token, isDeauthorized);
    const isRejected = this.memory.isRejected(token.accessToken);
    if (!isRejected && !isDue(token)) return token;
    if (!isRejected && !isExpired(token)) return this.#refreshEarly(storage, token);
    if (!this.memory.cannotRefresh(token)) return this.refresh(storage, token);
    // Another process may have stored a new pair after Discord rejected this one.
    if (cached && (await this.read(storage))) return this.validToken(storage);
    throw this.memory.reportEnd(token) ? grantEnded() : notSignedIn();
  }

  /** Whether somebody is signed in. @throws HttpException like {@link validToken} */
  async hasValidToken(storage: TokenStorage): Promise<boolean> {
    const token = await this.validToken(storage).catch((error: unknown) => {
      if (!(error instanceof Unauthorized)) throw error;
    });
    return token !== undefined;
  }

  /** Returns the newest token, from memory or the token storage; `undefined` when nobody is signed in. */
  async read(storage: TokenStorage): Promise<Token | undefined> {
    const token = await this.#read(storage);
    return token && this.#isUnusable(token) ? undefined : token;
  }

  async #read(storage: TokenStorage): Promise<Token | undefined> {
    const { record } = storage;
    const before = record && this.memory.cached(record.id);
    const [stored, marker] = await Promise.all([this.writer.read(storage), record?.readEndedMarker()]);
    const id = stored?.token.id ?? storage.id;
    if (id === undefined) return undefined;
    if (marker) {
      this.memory.end(id, marker);
      // A sign-out everywhere still has to read the record to revoke its pair.
      if (stored && marker === "here") await storage.delete().catch(() => undefined);
    }
    if (this.memory.ended(id) || (await this.#hasSignedOut(storage, id))) return undefined;
    const cached = this.memory.cached(id);
    // A refresh in this process finished during the read; its pair is newer.
    if (record && cached && cached !== before) return cached.token;
    if (stored) return this.#learnStored(storage, stored);
    this.memory.forgetUnsaved(id);
    this.memory.learn(id, undefined);
    return undefined;
  }

  /**
   * Returns a new pair, or the pair that another request or process has just received. The refresh continues after its
   * callers time out: Discord has invalidated the old pair, so the new one must be stored however late it arrives.
   */
  async refresh(storage: TokenStorage, token: Token): Promise<Token> {
    try {
      return await this.#refreshOnce(storage, token);
    } catch (error) {
      if (this.#isUnusable(token)) this.memory.reportEnd(token);
      throw error;
    }
  }

  async #refreshOnce(storage: TokenStorage, token: Token): Promise<Token> {
    const running = this.#refreshes.get(token.id);
    if (running !== undefined) return running.wait();
    if (this.memory.ended(token.id)) throw grantEnded();
    const isTooSlow = () => tooSlow("refreshing the token");
    const refresh = new InFlight(this.#config.timeoutMs, isTooSlow, (asking) => {
      const task = () => this.#refresher.refresh(storage, token, asking);
      return traceRefresh(token.userId, () =>
        underLock(this.#config, `discord-refresh-${lockedId(storage, token)}`, task),
      ).finally(() => this.#refreshes.delete(token.id));
    });
    this.#refreshes.set(token.id, refresh);
    return refresh.wait();
  }

  /** Stores the first token of a grant, and caches it. @throws HttpException store_failed */
  async storeFirst(storage: TokenStorage, token: Token): Promise<void> {
    await storage.write(token);
    this.learnFirst(token, storage.record);
  }

  /** Caches the first token of a grant, which is stored, and stops retrying to revoke the user's earlier tokens. */
  learnFirst(token: Token, stored?: Partial<Stored>): void {
    this.writer.stopRevoking(token.userId);
    this.memory.learn(token.id, token, stored);
  }

  /** Extends the record of a sign-in if its session is longer now. */
  extendIfLonger({ record }: TokenStorage): void {
    const cached = record && this.memory.cached(record.id);
    if (cached) this.#extendIfLonger(record, cached, true);
  }

  /** Returns the newest pair of this grant that is in memory, or the given token if that is newer. */
  newestOf(token: Token): Token {
    return newerOf(token, this.memory.newest(token.id));
  }

  /**
   * Signs out and leaves a marker, which stops refreshes that started earlier. In this process, the sign-out holds even
   * if this throws.
   */
  async end(storage: TokenStorage, id: string, ended: Ended = "here"): Promise<void> {
    const newest = this.memory.newest(id);
    this.memory.end(id, ended);
    const [marked] = await Promise.allSettled([(storage.record ?? storage.login)?.writeEndedMarker(ended)]);
    const [reading] = await Promise.allSettled([ended === "everywhere" ? storage.read() : undefined]);
    const [deleted] = await Promise.allSettled([storage.delete()]);
    const stored = reading.status === "fulfilled" ? reading.value : undefined;
    const last = stored ? newerOf(stored.token, newest) : newest;
    if (ended === "everywhere" && last) await this.#revoke(withUser(last, storage.signIn));
    for (const outcome of [marked, reading, deleted]) if (outcome.status === "rejected") throw outcome.reason;
  }

  /** Revokes a token that the caller holds, first at Discord: if that fails, the caller keeps the token and can retry. */
  async revokeHeld(storage: TokenStorage, token: Token): Promise<void> {
    await this.#revoke(token);
    this.memory.end(token.id, "everywhere");
    await storage.delete();
  }

  get busy(): number {
    return this.#refreshes.size + this.writer.busy;
  }

  /** Waits for refreshes and writes in flight: the new pair of an abandoned refresh would be lost. */
  async idle(): Promise<void> {
    await Promise.all([...this.#refreshes.values()].map(({ over }) => over));
    await this.writer.idle();
  }

  /** Whether the access token and the refresh token are both unusable. */
  #isUnusable(token: Token): boolean {
    return (
      (isExpired(token) || this.memory.isRejected(token.accessToken)) && this.memory.cannotRefresh(token)
    );
  }

  /** Revokes the user's tokens and ends them here. Discord is asked about tokens issued at about the same time. */
  async #revoke(token: Token): Promise<void> {
    const since = now();
    await this.#oauth.revoke(token);
    if (token.userId !== undefined) this.deauthorizations.addRevocation(token.userId, since);
  }

  /** Whether the session's own sign-in has ended. The app's own methods may return the token of the user's next one. */
  async #hasSignedOut({ login }: TokenStorage, id: string): Promise<boolean> {
    if (!login || login.id === id) return false;
    return (this.memory.ended(login.id) ?? (await login.readEndedMarker())) !== undefined;
  }

  /** @param isInTurn whether to wait for a job of the grant that is in flight, instead of leaving it to the next use */
  #extendIfLonger(record: GrantRecord, { token, lifetimeMs = 0 }: CachedGrant, isInTurn: boolean): void {
    if (token && lifetimeMs < (record.lifetimeMs ?? 0))
      this.writer.extendSoon(record, { token, lifetimeMs }, isInTurn);
  }

  /** Caches a pair that was read. @returns the newest pair, which may be in memory only and is then written back */
  async #learnStored(storage: TokenStorage, stored: Stored): Promise<Token> {
    if (stored.isUnsaved) return stored.token;
    const { id } = stored.token;
    const newest = newerOf(stored.token, this.memory.newest(id));
    this.memory.learn(id, newest, stored);
    if (newest !== stored.token) await this.writer.putBack(storage, newest);
    else {
      this.memory.forgetUnsaved(id);
      if (storage.record && !isDue(newest)) this.writer.extendSoon(storage.record, stored);
    }
    return newest;
  }

  async #endIfDeauthorized(storage: TokenStorage, token: Token, isCertain: true | undefined): Promise<void> {
    if (!isCertain) {
      // If the token has expired, its refresh decides.
      if (isExpired(token)) return;
      if (await this.#isAccepted(token)) return this.deauthorizations.confirm(token);
      // Another process may have refreshed this pair, which invalidated it.
      const newest = await this.#read(storage);
      if (newest && newest.accessToken !== token.accessToken) return;
    }
    await this.end(storage, token.id);
    throw grantEnded();
  }

  /** The token is still valid, so a failed or slow refresh is ignored. */
  async #refreshEarly(storage: TokenStorage, token: Token): Promise<Token> {
    if (!token.refreshToken || storage.isInResponse || (this.#earlyAgainAt.get(token.id) ?? 0) > now())
      return token;
    const refreshing = withDeadline(EARLY_PATIENCE_MS, this.#refreshOnce(storage, token));
    const renewed = await refreshing.catch(() => undefined);
    if (!renewed) this.#earlyAgainAt.set(token.id, now() + EARLY_RETRY_MS);
    return renewed ?? token;
  }
}

/** Returns what all processes call a grant. Each gives its own id to a token that the caller holds. */
function lockedId({ isHeldByCaller }: TokenStorage, token: Token): string {
  return isHeldByCaller ? hashOf(token) : token.id;
}
