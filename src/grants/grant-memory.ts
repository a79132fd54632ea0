import { boundedCache } from "../bounded-cache.js";
import { hasPassed, now } from "../clock.js";
import { digestOf } from "../digest.js";
import type { Ended, Stored } from "./grant-record.js";
import { CACHED_MS, CACHED_SHARE } from "./time-limits.js";
import type { Token } from "./token.js";

const MOST_GRANTS = 10_000;

/** The cached state of a grant. */
export interface CachedGrant {
  readonly token: Token | undefined;
  /** When the token storage was last read or written, in epoch milliseconds. */
  readonly checkedAt: number;
  /** The lifetime the stored record was written with, in milliseconds. */
  readonly lifetimeMs?: number | undefined;
}

/**
 * The state of grants in this process: the newest pair of each, pairs not yet stored, signed-out grants and rejected
 * tokens. Losing any of it costs no sign-in, except for the pairs that are not stored yet.
 */
export class GrantMemory {
  readonly #cached = boundedCache<CachedGrant>(MOST_GRANTS);
  readonly #unsaved = new Map<string, Token>();
  readonly #ended = boundedCache<Ended>(MOST_GRANTS);
  /** Grant ids by the hash of each pair that this process received. */
  readonly #ids = boundedCache<string>(MOST_GRANTS);
  /** Hashes of access and refresh tokens that Discord rejected. */
  readonly #rejected = boundedCache<true>(MOST_GRANTS);
  readonly #reportedEnds = boundedCache<true>(MOST_GRANTS);

  cached(id: string): CachedGrant | undefined {
    return this.#cached.get(id);
  }

  /** Returns the cached state while it is recent enough to skip reading the token storage. */
  fresh(id: string, lifetimeMs = Number.POSITIVE_INFINITY): CachedGrant | undefined {
    const cached = this.#cached.get(id);
    if (!cached || this.#unsaved.has(id) || this.#ended.has(id)) return undefined;
    const cachedMs = Math.min(CACHED_MS, CACHED_SHARE * lifetimeMs);
    return hasPassed(cachedMs, cached.checkedAt) ? undefined : cached;
  }

  /** Returns the newest pair that this process has seen. */
  newest(id: string): Token | undefined {
    return this.#unsaved.get(id) ?? this.#cached.get(id)?.token;
  }

  /** Caches the token that was just read or written; `undefined` when nobody is signed in. */
  learn(id: string, token: Token | undefined, stored?: Partial<Stored>): void {
    this.#cached.set(id, { token, checkedAt: now(), lifetimeMs: stored?.lifetimeMs });
  }

  /** Caches the lifetime the stored record was written with; `undefined` makes the next use check it again. */
  setLifetime(id: string, lifetimeMs: number | undefined): void {
    const cached = this.#cached.get(id);
    if (cached) this.#cached.set(id, { ...cached, lifetimeMs });
  }

  /** Keeps a pair until its storage has it. */
  keepUnsaved(token: Token): void {
    this.#unsaved.set(token.id, token);
    this.#ids.set(hashOf(token), token.id);
  }

  /** Returns the id of the grant that a pair belongs to. The pair may be outdated. */
  idOf(token: Pick<Token, "accessToken" | "refreshToken">): string {
    return this.#ids.get(hashOf(token)) ?? hashOf(token);
  }

  /** Returns the pair that is not stored yet. */
  unsaved(id: string | undefined): Token | undefined {
    return id === undefined ? undefined : this.#unsaved.get(id);
  }

  /** Forgets the pair that was not stored: its storage has it now, or it is not needed any more. */
  forgetUnsaved(id: string): void {
    this.#unsaved.delete(id);
  }

  /** Marks a grant as ended. Later results of earlier requests do not bring it back. */
  end(id: string, ended: Ended): void {
    if (this.#ended.get(id) !== "everywhere") this.#ended.set(id, ended);
    this.#unsaved.delete(id);
    this.#cached.delete(id);
  }

  ended(id: string): Ended | undefined {
    return this.#ended.get(id);
  }

  reject(token: string): void {
    this.#rejected.set(digestOf(token), true);
  }

  /** Whether Discord rejected the refresh token, or the access token of a grant without one. */
  cannotRefresh({ accessToken, refreshToken }: Token): boolean {
    return this.isRejected(refreshToken ?? accessToken);
  }

  /** @returns whether this is the first report that the sign-in has ended */
  reportEnd(token: Token): boolean {
    const hash = hashOf(token);
    const isFirst = !this.#reportedEnds.has(hash);
    this.#reportedEnds.set(hash, true);
    return isFirst;
  }

  isRejected(token: string): boolean {
    return this.#rejected.size > 0 && this.#rejected.has(digestOf(token));
  }
}

/** Hashes what a pair can be told apart by. */
export function hashOf({ refreshToken, accessToken }: Pick<Token, "accessToken" | "refreshToken">): string {
  return digestOf(refreshToken ?? accessToken);
}
