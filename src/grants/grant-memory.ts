import { LRUCache } from "lru-cache";
import { hasPassed, now } from "../clock.js";
import { digestOf } from "../digest.js";
import { CACHED_MS, CACHED_SHARE } from "./time-limits.js";
import type { Token } from "./token.js";
import type { Ended, Stored } from "./token-storage.js";

const MOST_GRANTS = 10_000;

/** What this process last knew of a grant. */
export interface Known {
  readonly token: Token | undefined;
  /** When its storage was last read or written, in epoch milliseconds. */
  readonly checkedAt: number;
  /** What the stored record was written for. */
  readonly lifetimeMs?: number | undefined;
}

/**
 * What this process knows of grants: the newest pair of each, whether its storage has it, what has ended, what Discord
 * rejected. Everything here may be lost without losing a sign-in, except the pairs that are not stored yet.
 */
export class GrantMemory {
  readonly #known = new LRUCache<string, Known>({ max: MOST_GRANTS });
  readonly #unsaved = new Map<string, Token>();
  readonly #ended = new LRUCache<string, Ended>({ max: MOST_GRANTS });
  /** Grants by the hash of each pair that they got here. */
  readonly #ids = new LRUCache<string, string>({ max: MOST_GRANTS });
  /** Access and refresh tokens that Discord no longer accepts, hashed. */
  readonly #rejected = new LRUCache<string, true>({ max: MOST_GRANTS });
  readonly #reportedOver = new LRUCache<string, true>({ max: MOST_GRANTS });

  known(id: string): Known | undefined {
    return this.#known.get(id);
  }

  /** What may be answered without asking the storage. */
  fresh(id: string, lifetimeMs: number | undefined): Known | undefined {
    const known = this.#known.get(id);
    if (!known || this.#unsaved.has(id) || this.#ended.has(id)) return undefined;
    const cachedMs = Math.min(CACHED_MS, CACHED_SHARE * (lifetimeMs ?? Number.POSITIVE_INFINITY));
    return hasPassed(cachedMs, known.checkedAt) ? undefined : known;
  }

  /** The newest pair that this process has seen. */
  newest(id: string): Token | undefined {
    return this.#unsaved.get(id) ?? this.#known.get(id)?.token;
  }

  /** Remembers what was read or written just now; no token: nobody is signed in. */
  learn(id: string, token: Token | undefined, stored?: Partial<Stored>): void {
    this.#known.set(id, { token, checkedAt: now(), lifetimeMs: stored?.lifetimeMs });
  }

  /** Remembers what the stored record was written for; `undefined` has the next use look. */
  setLifetime(id: string, lifetimeMs: number | undefined): void {
    const known = this.#known.get(id);
    if (known) this.#known.set(id, { ...known, lifetimeMs });
  }

  /** Keeps a pair until its storage has it. */
  keepUnsaved(token: Token): void {
    this.#unsaved.set(token.id, token);
    this.#ids.set(hashOf(token), token.id);
  }

  /** The id of a grant of which the caller holds one pair, perhaps not the newest. */
  identify(token: Pick<Token, "accessToken" | "refreshToken">): string {
    return this.#ids.get(hashOf(token)) ?? hashOf(token);
  }

  /** The pair that the storage does not have yet. */
  unsaved(id: string | undefined): Token | undefined {
    return id === undefined ? undefined : this.#unsaved.get(id);
  }

  saved(id: string): void {
    this.#unsaved.delete(id);
  }

  /** Whatever started earlier, a grant that ended stays ended. */
  end(id: string, ended: Ended): void {
    if (this.#ended.get(id) !== "everywhere") this.#ended.set(id, ended);
    this.#unsaved.delete(id);
    this.#known.delete(id);
  }

  ended(id: string): Ended | undefined {
    return this.#ended.get(id);
  }

  reject(token: string): void {
    this.#rejected.set(digestOf(token), true);
  }

  /** Whether Discord rejected the whole pair. */
  isOver({ accessToken, refreshToken = accessToken }: Token): boolean {
    return this.isRejected(refreshToken);
  }

  /** @returns whether the end of the sign-in is reported for the first time */
  reportOver({ accessToken, refreshToken = accessToken }: Token): boolean {
    const isFirst = !this.#reportedOver.has(digestOf(refreshToken));
    this.#reportedOver.set(digestOf(refreshToken), true);
    return isFirst;
  }

  isRejected(token: string): boolean {
    return this.#rejected.size > 0 && this.#rejected.has(digestOf(token));
  }
}

function hashOf({ refreshToken, accessToken }: Pick<Token, "accessToken" | "refreshToken">): string {
  return digestOf(refreshToken ?? accessToken);
}
