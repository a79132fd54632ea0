import { setTimeout as delay } from "node:timers/promises";
import { LRUCache } from "lru-cache";
import { now, sleep } from "../clock.js";
import type { Config } from "../config.js";
import { digestOf } from "../digest.js";
import { type HttpException, Unauthorized } from "../errors.js";
import type { OAuth } from "../oauth/oauth.js";
import { TokenRequestRefused, tooSlow } from "../oauth/oauth-errors.js";
import { traceRefresh } from "../telemetry.js";
import { type GrantPlace, isDue, isExpired, type RefreshClaim, type Token } from "./grant.js";
import { underLock } from "./under-lock.js";
import { Underway } from "./underway.js";

/** After a refusal the pair may still turn out to have been renewed by another process; this long it is looked for. */
const REFUSAL_FINAL_MS = 60_000;
const LOOK_AGAIN_MS = 2000;
/** Two processes may have claimed a refresh in the same instant, and see only one claim of the two ... */
const OVERWRITTEN_CLAIM_MS = 1000;
/** ... until the other is renewed: real time. */
const FIRST_RENEWAL_MS = 100;
/** A claim that its process has just stopped renewing still runs so much longer than it is looked at. */
const CLAIM_MARGIN_MS = 500;
const PAUSE_MS = 50;
const RETRY_EARLY_MS = 5000;
/** Real time: how long a request waits for a refresh that it does not need yet. */
const EARLY_PATIENCE_MS = 500;
const REMEMBERED = 10_000;

/** A grant's life: who may use it, who refreshes it, when it ends. */
export class Tokens {
  readonly #config: Config;
  readonly #oauth: OAuth;
  readonly #refreshes = new Map<string, Underway<Token>>();
  /** Grants that are being signed out. */
  readonly #ending = new Set<string>();
  /** Access tokens that Discord has disowned before their time, hashed, by grant. */
  readonly #disowned = new LRUCache<string, string>({ max: REMEMBERED });
  /** When Discord first refused a pair. */
  readonly #refusedAt = new LRUCache<string, number>({ max: REMEMBERED });
  /** When an early refresh may be tried again, by grant. */
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
    if (!isDue(token)) return token;
    return this.#refreshEarly(place, token);
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
   * @returns the last token of the grant
   */
  async end(place: GrantPlace, grantId: string): Promise<Token | undefined> {
    this.#ending.add(grantId);
    try {
      await this.#refreshes
        .get(grantId)
        ?.wait()
        .catch(() => undefined);
      const last = await place.read().catch(() => undefined);
      await place.end();
      return last;
    } finally {
      this.#ending.delete(grantId);
    }
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
    return at !== undefined && token.issuedAt <= at;
  }

  /** The token still works, so whatever goes wrong here, or takes long, does not concern the caller. */
  async #refreshEarly(place: GrantPlace, token: Token): Promise<Token> {
    if (!token.refreshToken || (this.#earlyAgainAt.get(token.id) ?? 0) > now()) return token;
    const refreshed = this.refresh(place, token).catch(() => {
      this.#earlyAgainAt.set(token.id, now() + RETRY_EARLY_MS);
      return token;
    });
    const settled = new AbortController();
    const impatient = delay(EARLY_PATIENCE_MS, token, { signal: settled.signal }).catch(() => token);
    try {
      return await Promise.race([refreshed, impatient]);
    } finally {
      settled.abort();
    }
  }

  async #refresh(place: GrantPlace, token: Token, asking: () => void): Promise<Token> {
    const { lock, timeoutMs } = this.#config;
    const task = () => this.#refreshNow(place, token, asking);
    if (!lock) return task();
    return underLock(lock, `discord-refresh-${token.id}`, 2 * timeoutMs, task);
  }

  /** Claims the refresh under a lock too: the lock may have expired while its former holder is still at it. */
  async #refreshNow(place: GrantPlace, token: Token, asking: () => void): Promise<Token> {
    const { claim } = place;
    // The claim first: whoever has given it up has stored its pair before.
    const othersUntil = await claim?.othersUntil();
    const stored = await place.readAgain();
    if (!stored) throw grantEnded();
    if (stored.accessToken !== token.accessToken && !this.#isSpent(stored)) return stored;
    if (claim && othersUntil !== undefined) {
      const renewed = await this.#awaitOther(place, claim, stored, this.#claimMs() + CLAIM_MARGIN_MS);
      if (renewed) return renewed;
    }
    if (await this.#isKnownDead(place, stored)) throw grantEnded();
    try {
      const renewed = claim && (await this.#take(place, claim, stored));
      if (renewed) return renewed;
      asking();
      return await this.#whileClaimed(claim, () => this.#exchange(place, stored));
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

  /** Keeps a claim for as long as a task takes. */
  async #whileClaimed<T>(claim: RefreshClaim | undefined, task: () => Promise<T>): Promise<T> {
    const claimMs = this.#claimMs();
    let renewal: Promise<void> | undefined;
    const renew = () => {
      renewal = claim?.take(now() + claimMs).catch(() => undefined);
      timer = setTimeout(renew, claimMs / 2);
    };
    let timer = setTimeout(renew, FIRST_RENEWAL_MS);
    try {
      return await task();
    } finally {
      clearTimeout(timer);
      await renewal;
    }
  }

  /** Whether nobody can have claimed the same refresh unseen. */
  #isAlone(claim: RefreshClaim | undefined): boolean {
    return claim === undefined || this.#config.lock !== undefined;
  }

  async #exchange(place: GrantPlace, former: Token): Promise<Token> {
    if (!former.refreshToken) throw new TokenRequestRefused("invalid_grant", "There is no refresh token.");
    const answer = await this.#oauth.refresh(former.refreshToken);
    const next: Token = {
      ...former,
      accessToken: answer.accessToken,
      refreshToken: answer.refreshToken ?? former.refreshToken,
      scopes: answer.scopes.length > 0 ? answer.scopes : former.scopes,
      issuedAt: answer.issuedAt,
      expiresAt: answer.expiresAt,
    };
    const kept = await place.replace(former, next);
    if (!kept) throw grantEnded();
    return kept;
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
    const unseenMs = this.#isAlone(claim) ? 0 : OVERWRITTEN_CLAIM_MS;
    const start = now();
    for (;;) {
      const isClaimed = (await claim?.othersUntil()) !== undefined;
      const renewed = await this.#renewed(place, former);
      const waitedMs = now() - start;
      if (renewed || (!isClaimed && waitedMs >= unseenMs)) return renewed;
      if (isClaimed && waitedMs >= longestMs) throw refreshTooSlow();
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
    if (now() - refusedAt >= REFUSAL_FINAL_MS) await place.end();
    return true;
  }

  #claimMs(): number {
    return this.#config.timeoutMs + 1000;
  }
}

function refreshTooSlow(): HttpException {
  return tooSlow("refreshing the token");
}

/** A refused pair is remembered without its tokens. */
function deadKey(token: Token): string {
  return digestOf(token.refreshToken ?? token.accessToken);
}

/** There is no sign-in in this session. */
function notSignedIn(): Unauthorized {
  return new Unauthorized({
    message: "Nobody is signed in with Discord in this session. Send the visitor to the login.",
    code: "not_signed_in",
    status: 401,
  });
}

/** There was a sign-in in this session, and it is over. */
export function grantEnded(): Unauthorized {
  return new Unauthorized({
    message:
      "This sign-in has ended: it was signed out, or Discord refuses its token. Send the visitor to the login.",
    code: "grant_ended",
    status: 401,
  });
}
