import { setTimeout as delay } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import { hasPassed, now, sleep } from "../clock.js";
import type { Config } from "../config.js";
import { digestOf } from "../digest.js";
import type { HttpException } from "../errors.js";
import type { OAuth } from "../oauth/oauth.js";
import { TokenRequestRefused, tooSlow } from "../oauth/oauth-errors.js";
import { traceRefresh } from "../telemetry.js";
import { type GrantPlace, isDue, isExpired, type RefreshClaim, type Token } from "./grant.js";
import { prolong } from "./prolong.js";
import { grantEnded, notSignedIn } from "./sign-in-errors.js";
import { underLock } from "./under-lock.js";
import { Underway } from "./underway.js";
import { whileClaimed } from "./while-claimed.js";

/** After a refusal the pair may still turn out to have been renewed by another process; this long it is looked for. */
const REFUSAL_FINAL_MS = 60_000;
const LOOK_AGAIN_MS = 2000;
/** Two processes may have claimed a refresh in the same instant, and see only one claim of the two until it is renewed. */
const OVERWRITTEN_CLAIM_MS = 1000;
/** A claim that its process has just stopped renewing still runs so much longer than it is looked at. */
const CLAIM_MARGIN_MS = 500;
const PAUSE_MS = 50;
const RETRY_EARLY_MS = 5000;
/** Real time: how long a request waits for a refresh that it does not need yet. */
const EARLY_PATIENCE_MS = 500;
const REMEMBERED = 10_000;
const SUCCESSORS = 200;

/** Discord is about to be asked, in so many milliseconds: whoever waits is patient from then on. */
type Asking = (inMs: number) => void;

/** A grant's life: who may use it, who refreshes it, when it ends. */
export class Tokens {
  readonly #config: Config;
  readonly #oauth: OAuth;
  readonly #refreshes = new Map<string, Underway<Token>>();
  /** Grants whose tokens must end at Discord, too, also those that it is still about to send. */
  readonly #endedEverywhere = new LRUCache<string, true>({ max: REMEMBERED });
  /** Grants that are being signed out. */
  readonly #ending = new Set<string>();
  /** Access tokens that Discord has disowned before their time, hashed, by grant. */
  readonly #disowned = new LRUCache<string, string>({ max: REMEMBERED });
  /** What became of used-up pairs, by the access token's hash: for those who hold one themselves and see no store. */
  readonly #successors = new LRUCache<string, Token>({ max: SUCCESSORS });
  /** When Discord first refused a pair. */
  readonly #refusedAt = new LRUCache<string, number>({ max: REMEMBERED });
  /** When what can wait may be tried again, by grant: an early refresh, a longer life of the record. */
  readonly #earlyAgainAt = new LRUCache<string, number>({ max: REMEMBERED });
  /** When a user was reported to have removed the app at Discord. */
  readonly #deauthorizedAt = new LRUCache<string, number>({ max: REMEMBERED });

  constructor(config: Config, oauth: OAuth) {
    this.#config = config;
    this.#oauth = oauth;
  }

  /**
   * The token to call Discord with, refreshed when it is time.
   *
   * @throws Unauthorized when nobody is signed in, or Discord has ended the sign-in
   * @throws HttpException when that cannot be found out now; the sign-in is unharmed
   */
  async usable(place: GrantPlace): Promise<Token> {
    const token = place.peek?.() ?? (await place.read());
    if (!token) throw notSignedIn();
    if (this.#isDeauthorized(token)) {
      await this.end(place, token.id);
      throw grantEnded();
    }
    if (this.#isSpent(token)) return this.refresh(place, token);
    if (isDue(token)) return this.#refreshEarly(place, token);
    if (place.mayEndEarly?.()) await this.#prolong(place, token);
    return token;
  }

  /**
   * Gets a new pair, or the one that another request or process has just got. The refresh goes on when its callers have
   * lost patience: Discord has used up the former pair, so the new one is kept however late it comes.
   *
   * @throws Unauthorized when Discord refuses: the grant is dead
   */
  async refresh(place: GrantPlace, token: Token): Promise<Token> {
    const underway = this.#refreshes.get(token.id);
    if (underway !== undefined) return underway.wait();
    if (this.#ending.has(token.id)) throw grantEnded();
    const refresh = new Underway(this.#config.timeoutMs, refreshTooSlow, (begun) =>
      traceRefresh(token.userId, () => this.#refresh(place, token, begun)).finally(() =>
        this.#refreshes.delete(token.id),
      ),
    );
    this.#refreshes.set(token.id, refresh);
    return refresh.wait();
  }

  /** That Discord does not know this access token any more: it is not used again. */
  disown(token: Token): void {
    this.#disowned.set(token.id, digestOf(token.accessToken));
  }

  isDisowned(token: Token): boolean {
    const disowned = this.#disowned.get(token.id);
    return disowned !== undefined && disowned === digestOf(token.accessToken);
  }

  /**
   * Signs out here, after a refresh under way: its result would otherwise come later. No other begins meanwhile.
   *
   * @param everywhere whether to end the tokens at Discord, too
   * @throws HttpException, RateLimited when Discord could not be told, after the sign-out here
   */
  async end(place: GrantPlace, grantId: string, everywhere = false): Promise<void> {
    this.#ending.add(grantId);
    if (everywhere) this.#endedEverywhere.set(grantId, true);
    try {
      await this.#refreshes
        .get(grantId)
        ?.wait()
        .catch(() => undefined);
      const reading = everywhere ? this.#lastTokens(place) : undefined;
      await reading?.catch(() => undefined);
      await place.end();
      const last = await reading;
      if (last) await this.#oauth.revoke(last);
    } finally {
      this.#ending.delete(grantId);
    }
  }

  /** The stored tokens, once no other process is about to replace them. */
  async #lastTokens(place: GrantPlace): Promise<Token | undefined> {
    const stored = await place.readAgain();
    const { claim } = place;
    if (!stored || (await claim?.othersUntil()) === undefined) return stored;
    const renewed = await this.#awaitOther(place, claim, stored, this.#claimMs()).catch(() => undefined);
    return renewed ?? stored;
  }

  /** How many refreshes are under way. */
  get busy(): number {
    return this.#refreshes.size;
  }

  /** Waits for the refreshes under way: each brings a pair that would be lost otherwise. */
  async idle(): Promise<void> {
    await Promise.all([...this.#refreshes.values()].map(({ over }) => over));
  }

  /** Signs a user out of this process with the next request: whatever was issued until then is dead. */
  deauthorize(userId: string, at = new Date(now())): void {
    const latest = Math.max(this.#deauthorizedAt.get(userId) ?? 0, Math.min(at.getTime() || now(), now()));
    this.#deauthorizedAt.set(userId, latest);
  }

  #isSpent(token: Token): boolean {
    return isExpired(token) || this.isDisowned(token);
  }

  #isDeauthorized(token: Token): boolean {
    const at = token.userId === undefined ? undefined : this.#deauthorizedAt.get(token.userId);
    // Where the clock was set back, new sign-ins would seem to be older.
    return at !== undefined && token.issuedAt <= at && at <= now();
  }

  /** The token still works, so whatever goes wrong here, or takes long, does not concern the caller. */
  async #refreshEarly(place: GrantPlace, token: Token): Promise<Token> {
    if (!token.refreshToken || place.isInAnswer || (this.#earlyAgainAt.get(token.id) ?? 0) > now())
      return token;
    const settled = new AbortController();
    const impatient = delay(EARLY_PATIENCE_MS, undefined, { signal: settled.signal }).catch(() => undefined);
    const refreshed = this.refresh(place, token).catch(() => undefined);
    const renewed = await Promise.race([refreshed, impatient]);
    settled.abort();
    if (!renewed) this.#earlyAgainAt.set(token.id, now() + RETRY_EARLY_MS);
    return renewed ?? token;
  }

  /** One request of many does it; the others need not wait. */
  async #prolong(place: GrantPlace, token: Token): Promise<void> {
    const { id } = token;
    if (this.#refreshes.has(id) || (this.#earlyAgainAt.get(id) ?? 0) > now()) return;
    this.#earlyAgainAt.set(id, now() + RETRY_EARLY_MS);
    await prolong(place, token, this.#claimMs());
  }

  async #refresh(place: GrantPlace, token: Token, asking: Asking): Promise<Token> {
    const { lock, timeoutMs } = this.#config;
    const task = () => this.#refreshNow(place, token, asking);
    if (!lock) return task();
    return underLock(lock, `discord-refresh-${token.id}`, 2 * timeoutMs, task);
  }

  /** Claims the refresh under a lock too: the lock may have expired while its former holder is still at it. */
  async #refreshNow(place: GrantPlace, token: Token, asking: Asking): Promise<Token> {
    const { claim } = place;
    // The claim first: whoever has given it up has stored its pair before.
    const othersUntil = await claim?.othersUntil();
    const stored = await place.readAgain();
    if (!stored) throw grantEnded();
    if (stored.accessToken !== token.accessToken && !this.#isSpent(stored)) return stored;
    const successor = this.#latestAfter(stored);
    if (successor !== stored) return this.#keep(place, stored, successor);
    if (claim && othersUntil !== undefined) {
      const renewed = await this.#awaitOther(place, claim, stored, this.#claimMs() + CLAIM_MARGIN_MS);
      if (renewed) return renewed;
    }
    if (await this.#isKnownDead(place, stored)) throw grantEnded();
    try {
      const renewed = claim && (await this.#take(place, claim, stored));
      if (renewed) return renewed;
      asking(0);
      return await whileClaimed(claim, this.#claimMs(), () => this.#exchange(place, stored, asking));
    } catch (error) {
      if (!(error instanceof TokenRequestRefused)) throw error;
      const renewed = await this.#awaitOther(place, claim, stored, LOOK_AGAIN_MS);
      if (renewed) return renewed;
      if (this.#isAlone(claim) && this.#isSpent(stored)) await place.end();
      this.#refusedAt.set(deadKey(stored), now());
      throw grantEnded();
    } finally {
      await claim?.release().catch(() => undefined);
    }
  }

  /**
   * Claims the refresh. Of several who do so in the same instant, the last goes on, and the others wait for it.
   *
   * @returns the pair that another has got meanwhile
   */
  async #take(place: GrantPlace, claim: RefreshClaim, former: Token): Promise<Token | undefined> {
    for (;;) {
      await claim.take(now() + this.#claimMs());
      if (this.#isAlone(claim)) return undefined;
      if ((await claim.othersUntil()) === undefined) return this.#renewed(place, former);
      const renewed = await this.#awaitOther(place, claim, former, this.#claimMs() + CLAIM_MARGIN_MS);
      if (renewed) return renewed;
    }
  }

  /** Whether nobody can have claimed the same refresh unseen. */
  #isAlone(claim: RefreshClaim | undefined): boolean {
    return claim === undefined || this.#config.lock !== undefined;
  }

  async #exchange(place: GrantPlace, former: Token, asking: Asking): Promise<Token> {
    if (!former.refreshToken) throw new TokenRequestRefused("invalid_grant", "There is no refresh token.");
    const answer = await this.#oauth.refresh(former.refreshToken, asking);
    const next: Token = {
      ...former,
      accessToken: answer.accessToken,
      refreshToken: answer.refreshToken ?? former.refreshToken,
      scopes: answer.scopes.length > 0 ? answer.scopes : former.scopes,
      issuedAt: answer.issuedAt,
      expiresAt: answer.expiresAt,
    };
    if (next.accessToken !== former.accessToken) this.#successors.set(digestOf(former.accessToken), next);
    return this.#keep(place, former, next);
  }

  #latestAfter(token: Token): Token {
    const next = this.#successors.get(digestOf(token.accessToken));
    return next ? this.#latestAfter(next) : token;
  }

  async #keep(place: GrantPlace, former: Token, next: Token): Promise<Token> {
    const kept = await place.replace(former, next);
    if (kept) return kept;
    if (this.#endedEverywhere.has(next.id)) await this.#oauth.revoke(next);
    throw grantEnded();
  }

  /**
   * Looks for another process's pair, for as long as one is at it.
   *
   * @throws HttpException discord_timeout when that one takes longer
   */
  async #awaitOther(
    place: GrantPlace,
    claim: RefreshClaim | undefined,
    former: Token,
    longestMs: number,
  ): Promise<Token | undefined> {
    const unseenMs = claim ? OVERWRITTEN_CLAIM_MS : 0;
    const start = now();
    for (;;) {
      const isLongEnough = hasPassed(longestMs, start);
      const isClaimed = (await claim?.othersUntil()) !== undefined;
      const renewed = await this.#renewed(place, former);
      if (renewed || (!isClaimed && hasPassed(unseenMs, start))) return renewed;
      if (isClaimed && isLongEnough) throw refreshTooSlow();
      await sleep(PAUSE_MS);
    }
  }

  /** The stored pair, when it is another one by now. */
  async #renewed(place: GrantPlace, former: Token): Promise<Token | undefined> {
    const stored = await place.readAgain();
    if (!stored) throw grantEnded();
    return stored.accessToken === former.accessToken ? undefined : stored;
  }

  async #isKnownDead(place: GrantPlace, token: Token): Promise<boolean> {
    const refusedAt = this.#refusedAt.get(deadKey(token));
    if (refusedAt === undefined) return false;
    if (this.#isSpent(token) && hasPassed(this.#refusalFinalMs(), refusedAt)) await place.end();
    return true;
  }

  #claimMs(): number {
    return this.#config.timeoutMs + 1000;
  }

  /** Another process may listen for an answer for so long, unseen. */
  #refusalFinalMs(): number {
    return Math.max(REFUSAL_FINAL_MS, 5 * this.#config.timeoutMs);
  }
}

function refreshTooSlow(): HttpException {
  return tooSlow("refreshing the token");
}

/** A refused pair is remembered without its tokens. */
function deadKey(token: Token): string {
  return digestOf(token.refreshToken ?? token.accessToken);
}
