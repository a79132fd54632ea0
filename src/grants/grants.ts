import { LRUCache } from "lru-cache";
import { now, startTimer } from "../clock.js";
import type { Config } from "../config.js";
import type { OAuth } from "../oauth/oauth.js";
import { tooSlow } from "../oauth/oauth-errors.js";
import { traceRefresh } from "../telemetry.js";
import { Deauthorizations } from "./deauthorizations.js";
import { GrantMemory, type Known } from "./grant-memory.js";
import { GrantWriter } from "./grant-writer.js";
import { InFlight } from "./in-flight.js";
import { Refresher } from "./refresher.js";
import { grantEnded, notSignedIn } from "./sign-in-errors.js";
import { EARLY_PATIENCE_MS, EARLY_RETRY_MS } from "./time-limits.js";
import { isDue, isExpired, newerOf, type Token } from "./token.js";
import type { Ended, Stored, TokenStorage } from "./token-storage.js";
import { underLock } from "./under-lock.js";

/** Whether Discord still accepts an access token. */
export type AskDiscord = (token: Token) => Promise<boolean>;

/** A grant's life: who may use it, who refreshes it, when it ends. */
export class Grants {
  readonly #config: Config;
  readonly #oauth: OAuth;
  readonly #memory = new GrantMemory();
  readonly #writer: GrantWriter;
  readonly #refresher: Refresher;
  readonly #deauthorizations = new Deauthorizations();
  readonly #refreshes = new Map<string, InFlight<Token>>();
  /** When an early refresh that failed may be tried again, by grant. */
  readonly #earlyAgainAt = new LRUCache<string, number>({ max: 10_000 });
  readonly #isAccepted: AskDiscord;

  constructor(config: Config, oauth: OAuth, isAccepted: AskDiscord) {
    this.#config = config;
    this.#oauth = oauth;
    this.#isAccepted = isAccepted;
    this.#writer = new GrantWriter(this.#memory, oauth);
    this.#refresher = new Refresher(this.#memory, this.#writer, oauth);
  }

  /**
   * The token to call Discord with, refreshed when it is time.
   *
   * @throws Unauthorized when nobody is signed in, or Discord has ended the sign-in
   * @throws HttpException when that cannot be found out now; the sign-in is unharmed
   */
  async validToken(storage: TokenStorage): Promise<Token> {
    const cached = this.#cached(storage);
    const token = cached ? cached.token : await this.#read(storage);
    if (!token) throw notSignedIn();
    const isDeauthorized = this.#deauthorizations.concerns(token);
    if (isDeauthorized !== false) await this.#endIfDeauthorized(storage, token, isDeauthorized);
    const isRejected = this.#memory.isRejected(token.accessToken);
    if (!isRejected && !isDue(token)) return token;
    if (!isRejected && !isExpired(token)) return this.#refreshEarly(storage, token);
    if (this.#memory.isOver(token)) throw this.#memory.reportOver(token) ? grantEnded() : notSignedIn();
    return this.refresh(storage, token);
  }

  /** The newest token that is known, here or in the storage; `undefined` when nobody is signed in. */
  async read(storage: TokenStorage): Promise<Token | undefined> {
    const token = await this.#read(storage);
    return token && this.#isOver(token) ? undefined : token;
  }

  async #read(storage: TokenStorage): Promise<Token | undefined> {
    const { record } = storage;
    const before = storage.id === undefined ? undefined : this.#memory.known(storage.id);
    const [stored, marker] = await Promise.all([this.#writer.read(storage), record?.readEndedMarker()]);
    const id = stored?.token.id ?? storage.id;
    if (id === undefined) return undefined;
    if (marker) {
      this.#memory.end(id, marker);
      // A sign-out everywhere is still to read the record, whose pair it revokes.
      if (stored && marker === "here") await storage.delete().catch(() => undefined);
    }
    if (this.#memory.ended(id)) return undefined;
    const known = this.#memory.known(id);
    // A refresh in this process has overtaken what was read.
    if (record && known !== before) return known?.token;
    return stored ? this.#take(storage, stored) : this.#miss(id);
  }

  /**
   * Gets a new pair, or the one that another request or process has just got. The refresh goes on when its callers have
   * given up: Discord has used up the former pair, so the new one is kept however late it comes.
   *
   * @throws Unauthorized when Discord refuses: the grant is over
   */
  async refresh(storage: TokenStorage, token: Token): Promise<Token> {
    try {
      return await this.#refreshOnce(storage, token);
    } catch (error) {
      if (this.#isOver(token)) this.#memory.reportOver(token);
      throw error;
    }
  }

  async #refreshOnce(storage: TokenStorage, token: Token): Promise<Token> {
    const running = this.#refreshes.get(token.id);
    if (running !== undefined) return running.wait();
    if (this.#memory.ended(token.id)) throw grantEnded();
    const isTooSlow = () => tooSlow("refreshing the token");
    const refresh = new InFlight(this.#config.timeoutMs, isTooSlow, (asking) =>
      traceRefresh(token.userId, () => this.#refreshUnderLock(storage, token, asking)).finally(() =>
        this.#refreshes.delete(token.id),
      ),
    );
    this.#refreshes.set(token.id, refresh);
    return refresh.wait();
  }

  /** Remembers that Discord no longer accepts this access token. */
  reject({ accessToken }: Token): void {
    this.#memory.reject(accessToken);
  }

  isRejected({ accessToken }: Token): boolean {
    return this.#memory.isRejected(accessToken);
  }

  /** Whether the grant was signed out, as far as this process knows. */
  hasEnded(id: string): boolean {
    return this.#memory.ended(id) !== undefined;
  }

  /** Stores the first token of a grant. @throws HttpException store_failed */
  async begin(storage: TokenStorage, token: Token): Promise<void> {
    await storage.write(token);
    this.began(token, storage.record);
  }

  /** Remembers the first token of a grant, which has just been stored. */
  began(token: Token, stored?: Partial<Stored>): void {
    this.#memory.learn(token.id, token, stored);
  }

  /** Remembers that a record was written for another lifetime. */
  extended(id: string, lifetimeMs: number | undefined): void {
    this.#memory.setLifetime(id, lifetimeMs);
  }

  /** The newest pair of a grant that this process knows. */
  newestOf(token: Token): Token {
    return newerOf(token, this.#memory.newest(token.id));
  }

  /** The id of a grant of which the caller holds one pair, perhaps not the newest. */
  identify(token: Pick<Token, "accessToken" | "refreshToken">): string {
    return this.#memory.identify(token);
  }

  /**
   * Signs out. Whatever has started earlier finds the marker that this leaves.
   *
   * @param ended `everywhere` ends the tokens at Discord, too
   * @throws HttpException store_failed when the store failed; then the sign-out may not hold in other processes, or at Discord
   * @throws HttpException, RateLimited when Discord could not be told, after the sign-out here
   */
  async end(storage: TokenStorage, id: string, ended: Ended = "here"): Promise<void> {
    const newest = this.#memory.newest(id);
    this.#memory.end(id, ended);
    const marked = storage.record?.writeEndedMarker(ended) ?? Promise.resolve();
    const outcomes: PromiseSettledResult<unknown>[] = [await settled(marked)];
    const reading = await settled(ended === "everywhere" ? storage.read() : Promise.resolve(undefined));
    outcomes.push(reading, await settled(storage.delete()));
    const stored = reading.status === "fulfilled" ? reading.value : undefined;
    const last = stored ? newerOf(stored.token, newest) : newest;
    if (ended === "everywhere" && last) await this.#oauth.revoke(last);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  /** Signs a user out of this process with the next request: everything issued until then is over. */
  deauthorize(userId: string, at?: Date): void {
    this.#deauthorizations.add(userId, at);
  }

  /** How many refreshes and writes are in flight. */
  get busy(): number {
    return this.#refreshes.size + this.#writer.busy;
  }

  /** Waits for those in flight: each refresh brings a pair that would be lost otherwise. */
  async idle(): Promise<void> {
    await Promise.all([...this.#refreshes.values()].map(({ over }) => over));
    await this.#writer.idle();
  }

  /** Writes once more the pairs that stores have rejected. */
  saveAgain(): Promise<unknown> {
    return this.#writer.saveAllAgain();
  }

  /** Whether neither the access token nor the refresh token can be used. */
  #isOver(token: Token): boolean {
    return (isExpired(token) || this.isRejected(token)) && this.#memory.isOver(token);
  }

  #cached(storage: TokenStorage): Known | undefined {
    const { id, record } = storage;
    if (id === undefined || !record) return undefined;
    const known = this.#memory.fresh(id, record.lifetimeMs);
    if (known?.token && (known.lifetimeMs ?? 0) < (record.lifetimeMs ?? 0))
      this.#writer.extendSoon(storage, { ...known, token: known.token });
    return known;
  }

  #take(storage: TokenStorage, stored: Stored): Promise<Token> | Token {
    const { id } = stored.token;
    const newest = newerOf(stored.token, this.#memory.newest(id));
    this.#memory.learn(id, newest, stored);
    if (newest === stored.token) {
      this.#memory.saved(id);
      if (storage.record && !isDue(newest)) this.#writer.extendSoon(storage, stored);
      return newest;
    }
    return this.#writer.putBack(storage, newest);
  }

  #miss(id: string): undefined {
    this.#memory.saved(id);
    this.#memory.learn(id, undefined);
  }

  async #endIfDeauthorized(storage: TokenStorage, token: Token, isCertain: true | undefined): Promise<void> {
    if (!isCertain && !isExpired(token) && (await this.#isAccepted(token))) {
      this.#deauthorizations.confirm(token);
      return;
    }
    await this.end(storage, token.id);
    throw grantEnded();
  }

  /** The token still works, so whatever goes wrong here, or takes long, does not concern the caller. */
  async #refreshEarly(storage: TokenStorage, token: Token): Promise<Token> {
    if (!token.refreshToken || storage.isInResponse || (this.#earlyAgainAt.get(token.id) ?? 0) > now())
      return token;
    let cancel = () => {};
    const impatience = new Promise<undefined>((resolve) => {
      cancel = startTimer(EARLY_PATIENCE_MS, () => resolve(undefined));
    });
    const refreshed = this.#refreshOnce(storage, token).catch(() => undefined);
    const renewed = await Promise.race([refreshed, impatience]);
    cancel();
    if (!renewed) this.#earlyAgainAt.set(token.id, now() + EARLY_RETRY_MS);
    return renewed ?? token;
  }

  async #refreshUnderLock(
    storage: TokenStorage,
    token: Token,
    asking: (inMs: number) => void,
  ): Promise<Token> {
    const { lock, timeoutMs } = this.#config;
    const task = () => this.#refresher.refresh(storage, token, asking);
    if (!lock) return task();
    return underLock(lock, `discord-refresh-${token.id}`, 2 * timeoutMs, task);
  }
}

async function settled<T>(task: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [outcome] = await Promise.allSettled([task]);
  return outcome;
}
