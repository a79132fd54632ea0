import { digestOf } from "../digest.js";
import type { Token } from "../grants/grant.js";

/** A token that the app holds itself. */
export interface HeldToken extends Omit<Token, "id" | "issuedAt"> {
  /** Default: derived from the token. Give one that lasts, and what is cached survives a refresh. */
  readonly id?: string | undefined;
  /** Epoch milliseconds. Default: a week before `expiresAt`. */
  readonly issuedAt?: number | undefined;
}

/**
 * Called with each new pair of a held token, or with nothing when Discord has ended it.
 *
 * @param former what was held until now: where several processes hold the same token, delete only this one
 */
export type OnTokenChange = (token: Token | undefined, former: Token) => Promise<void> | void;

const WEEK_MS = 604_800_000;

/** Fills in what the app left out. */
export function completeToken(held: HeldToken): Token {
  const { refreshToken, accessToken, expiresAt } = held;
  const id = held.id ?? digestOf(refreshToken ?? accessToken).slice(0, 24);
  return { ...held, id, issuedAt: held.issuedAt ?? expiresAt - WEEK_MS };
}
