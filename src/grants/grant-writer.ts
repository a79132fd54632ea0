import { hasPassed, startTimer } from "../clock.js";
import { HttpException } from "../errors.js";
import type { OAuth } from "../oauth/oauth.js";
import type { GrantMemory } from "./grant-memory.js";
import type { Ended, GrantRecord, Stored } from "./grant-record.js";
import { onLateWrite } from "./record-store.js";
import { grantEnded } from "./sign-in-errors.js";
import {
  LONGEST_REVOCATION_RETRY_MS,
  LONGEST_UNSAVED_RETRY_MS,
  REVOCATION_RETRY_MS,
  REWRITE_SHARE,
  UNKNOWN_LIFETIME_MS,
  UNSAVED_RETRY_MS,
} from "./time-limits.js";
import { isNewer, newerOf, type Token, withUser } from "./token.js";
import type { TokenStorage } from "./token-storage.js";

interface Retry {
  readonly storage: TokenStorage;
  readonly pauseMs: number;
  readonly cancel: () => void;
}

/** Writes pairs to the token storage, retries failed writes and extends records. Each grant has one job at a time. */
export class GrantWriter {
  readonly #memory: GrantMemory;
  readonly #oauth: OAuth;
  readonly #jobs = new Map<string, Promise<void>>();
  /** The grants whose record is about to be extended. */
  readonly #extending = new Set<string>();
  readonly #retries = new Map<string, Retry>();
  /** What cancels the next retry of a revocation, by user. */
  readonly #revocations = new Map<string, () => void>();

  constructor(memory: GrantMemory, oauth: OAuth) {
    this.#memory = memory;
    this.#oauth = oauth;
  }

  /** Returns the stored token, or the unsaved one if reading fails; with the user's id, if the session knows it. */
  async read(storage: TokenStorage): Promise<Stored | undefined> {
    try {
      const stored = await storage.read();
      return stored && { ...stored, token: withUser(stored.token, storage.signIn) };
    } catch (error) {
      const token = this.#memory.unsaved(storage.id);
      if (token) return { token, isUnsaved: true };
      throw error;
    }
  }

  /**
   * Stores a pair, then reads the sign-out marker. In this order no sign-out is missed: a later one finds this
   * pair, and an earlier one has left its marker.
   *
   * @returns the pair, even if storing it failed; the write is then retried later
   * @throws Unauthorized when the grant was signed out
   */
  async store(storage: TokenStorage, next: Token): Promise<Token> {
    const { id } = next;
    this.#memory.learn(id, next, storage.record);
    this.#memory.keepUnsaved(next);
    const isStored = await storage.write(next).then(
      () => true,
      (error: unknown) => {
        if (storage.isHeldByCaller) throw error;
        onLateWrite(error, () => this.#afterLateWrite(storage, next));
        return false;
      },
    );
    const ended = await this.#endedOf(storage, id);
    if (ended === "unknown" || (!ended && !isStored)) {
      this.#retryLater(storage, id);
      return next;
    }
    this.#drop(id);
    if (!ended) {
      void storage.record?.warnUnlessKept();
      return next;
    }
    this.#memory.end(id, ended);
    await storage.delete().catch(() => undefined);
    if (ended === "everywhere") await this.#revoke(next);
    throw grantEnded();
  }

  /** Writes a pair that is newer than the stored one. Does not wait until a record is written. */
  async putBack(storage: TokenStorage, newest: Token): Promise<void> {
    const { id } = newest;
    if (this.#jobs.has(id)) return;
    if (storage.record) this.#resaveInTurn(storage, id);
    else await this.inTurn(id, () => this.store(storage, newest));
  }

  /**
   * Extends a record in the background.
   *
   * @param isInTurn whether to wait for a job of the grant that is in flight, which may write the record for a shorter
   * session. Otherwise, the next use extends it
   */
  extendSoon(record: GrantRecord, stored: Stored, isInTurn = false): void {
    const { id } = stored.token;
    if (isInTurn ? this.#extending.has(id) : this.#jobs.has(id)) return;
    this.#extending.add(id);
    void this.inTurn(id, () => {
      this.#extending.delete(id);
      return this.#extend(record, stored);
    });
  }

  /** Writes a record again if it would expire soon. The caller has just held the lease, for a refresh that failed. */
  async rewriteIfNeeded(record: GrantRecord, stored: Stored): Promise<void> {
    if (needsRewriting(record, stored)) await this.#rewrite(record);
  }

  /** Runs a refresh, a retry or an extension once no other job of this grant is in flight. */
  inTurn<T>(id: string, task: () => Promise<T>): Promise<T> {
    const turn = (this.#jobs.get(id) ?? Promise.resolve()).then(task);
    const job = turn
      .then(nothing, nothing)
      .finally(() => this.#jobs.get(id) === job && this.#jobs.delete(id));
    this.#jobs.set(id, job);
    return turn;
  }

  /** Cancels retries for a user who has signed in again: Discord would end that sign-in, too. */
  stopRevoking(userId: string | undefined): void {
    if (userId === undefined) return;
    this.#revocations.get(userId)?.();
    this.#revocations.delete(userId);
  }

  get busy(): number {
    return this.#jobs.size;
  }

  async idle(): Promise<void> {
    await Promise.all(this.#jobs.values());
  }

  async saveAllAgain(): Promise<void> {
    for (const cancel of this.#revocations.values()) cancel();
    this.#revocations.clear();
    for (const [id, { storage }] of this.#retries) this.#resaveInTurn(storage, id);
    await this.idle();
  }

  async #endedOf({ record, login }: TokenStorage, id: string): Promise<Ended | "unknown" | undefined> {
    const isKnown = this.#memory.ended(id);
    // The app's own methods may return the token of another sign-in than the session's.
    const marked = record ?? (login?.id === id ? login : undefined);
    if (isKnown || !marked) return isKnown;
    return marked.readEndedMarker().catch(() => "unknown" as const);
  }

  /** Extends a record to the lifetime of its session. A failure is retried at the next use. */
  async #extend(record: GrantRecord, stored: Stored): Promise<void> {
    try {
      // First, because a serverless host may freeze the process once the response is sent.
      const touching = isLonger(record, stored) ? undefined : record.touch();
      if (!needsRewriting(record, stored)) return await touching;
      await touching?.catch(() => undefined);
      if ((await record.lease?.tryAcquire()) === false) return;
      await this.#rewrite(record).finally(() => record.lease?.release());
    } catch {
      this.#memory.setLifetime(stored.token.id, undefined);
    }
  }

  /** The caller holds the lease, so no other process is about to write. */
  async #rewrite(record: GrantRecord): Promise<void> {
    const stored = await record.read();
    if (stored && !(await record.readEndedMarker()))
      await this.store(record, newerOf(stored.token, this.#memory.newest(record.id)));
  }

  /** Writes an unsaved pair if it is still the newest and its grant has not ended. */
  async #resave(storage: TokenStorage, id: string): Promise<void> {
    const newest = this.#memory.newest(id);
    const lease = storage.record?.lease;
    if (!newest || this.#memory.ended(id)) return this.#drop(id);
    await lease?.acquire();
    try {
      const [stored, ended] = await Promise.all([storage.read(), storage.record?.readEndedMarker()]);
      if (!ended && stored && isNewer(newest, stored.token)) return void (await this.store(storage, newest));
      if (ended) this.#memory.end(id, ended);
      else this.#memory.learn(id, stored?.token, stored);
      this.#drop(id);
      if (ended === "everywhere") await this.#revoke(newest);
    } catch {
      if (!this.#memory.ended(id)) this.#retryLater(storage, id);
    } finally {
      if (!this.#memory.unsaved(id)) await lease?.release();
    }
  }

  /** The sign-out that asked for this has returned and cannot retry, so failures are retried here. */
  async #revoke(token: Token, pauseMs = REVOCATION_RETRY_MS): Promise<void> {
    const key = token.userId ?? token.id;
    let cancel = () => {};
    const stop = () => cancel();
    this.stopRevoking(key);
    this.#revocations.set(key, stop);
    const error = await this.#oauth.revoke(token).then(nothing, (reason: unknown) => reason);
    // The user has signed in again, or another token of theirs is being revoked, which revokes this one too.
    if (this.#revocations.get(key) !== stop) return;
    if (pauseMs > LONGEST_REVOCATION_RETRY_MS || !isTemporary(error)) this.#revocations.delete(key);
    else cancel = startTimer(pauseMs, () => void this.#revoke(token, 2 * pauseMs), true);
  }

  /** Forgets an unsaved pair: its storage has it now, or it is not needed any more. */
  #drop(id: string): void {
    this.#memory.forgetUnsaved(id);
    this.#retries.get(id)?.cancel();
    this.#retries.delete(id);
  }

  /** Token storages without a record belong to one request; their pairs are written at the next use instead. */
  #retryLater(storage: TokenStorage, id: string): void {
    if (!storage.record) return;
    const former = this.#retries.get(id);
    former?.cancel();
    const pauseMs = Math.min(2 * (former?.pauseMs ?? UNSAVED_RETRY_MS / 2), LONGEST_UNSAVED_RETRY_MS);
    const cancel = startTimer(pauseMs, () => this.#resaveInTurn(storage, id), true);
    this.#retries.set(id, { storage, pauseMs, cancel });
  }

  /** A write took effect after its deadline and may have overwritten a newer one. */
  async #afterLateWrite(storage: TokenStorage, late: Token): Promise<void> {
    const newest = this.#memory.newest(late.id);
    if (this.#memory.ended(late.id)) await storage.delete();
    else if (newest && isNewer(newest, late)) this.#resaveInTurn(storage, late.id);
  }

  #resaveInTurn(storage: TokenStorage, id: string): void {
    void this.inTurn(id, () => this.#resave(storage, id));
  }
}

function nothing(): void {}

/** Whether Discord may accept the same request later. */
function isTemporary(error: unknown): boolean {
  if (!(error instanceof HttpException)) return false;
  return ["discord_unavailable", "discord_timeout", "rate_limited"].includes(error.code);
}

/** Whether the session is longer now than its record. */
function isLonger({ lifetimeMs = 0 }: GrantRecord, stored: Stored): boolean {
  return lifetimeMs > (stored.lifetimeMs ?? 0);
}

/** Some stores have no `touch`, or have it disabled, so records are rewritten before they expire. */
function needsRewriting(record: GrantRecord, stored: Stored): boolean {
  if (isLonger(record, stored)) return true;
  // The store's own option may be shorter than the session's lifetime.
  const shortestMs = Math.min(stored.lifetimeMs ?? UNKNOWN_LIFETIME_MS, UNKNOWN_LIFETIME_MS);
  return hasPassed(shortestMs * REWRITE_SHARE, stored.writtenAt ?? 0);
}
