import type { Token } from "./grant.js";

/** A pair that could not be stored: Discord has used up the former one, so losing it would lose the login. */
export interface UnsavedPair {
  /** The access tokens of the pairs that it may be written over. */
  readonly replaces: readonly string[];
  readonly next: Token;
}

/** @param earlier a pair between the two that could not be stored either */
export function unsavedPair(former: Token, next: Token, earlier: UnsavedPair | undefined): UnsavedPair {
  return { replaces: [former.accessToken, ...(earlier?.replaces ?? [])], next };
}

/** Whether what is stored is older than this pair. */
export function isReplacedBy({ replaces }: UnsavedPair, stored: Token): boolean {
  return replaces.includes(stored.accessToken);
}
