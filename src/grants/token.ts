import { now } from "../clock.js";

/** The tokens of one login, as they are stored. */
export interface Token {
  /** Names the grant; the same through every refresh. */
  readonly id: string;
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  /** What the user has granted. */
  readonly scopes: readonly string[];
  /** Epoch milliseconds. Orders the pairs of one grant: each is issued later than the one before. */
  readonly issuedAt: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** The user's id, when the scopes include `identify`. */
  readonly userId?: string | undefined;
}

const LONGEST_EARLY_MS = 60_000;
const EARLY_SHARE = 0.1;

/** Whether Discord has stopped accepting the access token. */
export function isExpired(token: Token): boolean {
  return token.expiresAt <= now();
}

/** Whether it is time to refresh: a tenth of the lifetime before the end, a minute at most. */
export function isDue(token: Token): boolean {
  const early = Math.min(LONGEST_EARLY_MS, EARLY_SHARE * (token.expiresAt - token.issuedAt));
  return token.expiresAt - early <= now();
}

/** The later of two pairs of one grant. */
export function newerOf(stored: Token, known: Token | undefined): Token {
  return known && isNewer(known, stored) ? known : stored;
}

/** Whether one pair of a grant was issued after another. */
export function isNewer(token: Token, former: Token): boolean {
  return token.accessToken !== former.accessToken && token.issuedAt > former.issuedAt;
}

/** Whether this is a token as this library writes it. */
export function isToken(value: unknown): value is Token {
  if (typeof value !== "object" || value === null) return false;
  const { id, accessToken, scopes, expiresAt } = value as Partial<Record<keyof Token, unknown>>;
  return (
    typeof id === "string" &&
    typeof accessToken === "string" &&
    Array.isArray(scopes) &&
    typeof expiresAt === "number"
  );
}
