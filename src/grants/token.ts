import { now } from "../clock.js";

/** The stored tokens of one login. */
export interface Token {
  /** The grant's id. It stays the same through every refresh. */
  readonly id: string;
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  /** The scopes that the user granted. */
  readonly scopes: readonly string[];
  /** Epoch milliseconds. Orders the pairs of one grant: each has a later time than the one before. */
  readonly issuedAt: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** The user's id, when the scopes include `identify`. */
  readonly userId?: string | undefined;
}

/** How long Discord's access tokens live. */
const LIFETIME_MS = 604_800_000;
const LONGEST_EARLY_MS = 60_000;
const EARLY_SHARE = 0.1;

/** Whether the access token has expired. */
export function isExpired(token: Token): boolean {
  return token.expiresAt <= now();
}

/** Whether a refresh is due: in the last tenth of the token's lifetime, or the last minute if that is shorter. */
export function isDue(token: Token): boolean {
  const early = Math.min(LONGEST_EARLY_MS, EARLY_SHARE * (token.expiresAt - token.issuedAt));
  return token.expiresAt - early <= now();
}

/** Returns the newer of two pairs of one grant. */
export function newerOf(stored: Token, cached: Token | undefined): Token {
  return cached && isNewer(cached, stored) ? cached : stored;
}

/** Whether `token` was issued after `former`, another pair of the same grant. */
export function isNewer(token: Token, former: Token): boolean {
  return token.accessToken !== former.accessToken && token.issuedAt > former.issuedAt;
}

/** Fills the gaps in a token of the app's: databases return `null` or `""`, and the time of issue may be missing. */
export function withoutGaps<
  T extends Omit<Token, "id" | "issuedAt"> & { readonly issuedAt?: number | undefined },
>(token: T): T & Pick<Token, "issuedAt"> {
  return {
    ...token,
    refreshToken: token.refreshToken || undefined,
    userId: token.userId || undefined,
    issuedAt: token.issuedAt ?? token.expiresAt - LIFETIME_MS,
  };
}

/** What a session knows of a sign-in. */
export interface KnownUser {
  readonly grantId: string;
  readonly userId?: string | undefined;
}

/** Adds the user's id to a token of that sign-in: fetching the user at the login may have failed. */
export function withUser(token: Token, known: KnownUser | undefined): Token {
  const isNews = token.userId === undefined && known?.userId !== undefined && known.grantId === token.id;
  return isNews ? { ...token, userId: known.userId } : token;
}

/** Whether a value has the shape of a stored token. */
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
