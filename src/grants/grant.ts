import { now } from "../clock.js";

/** The tokens of one login, as they are stored. */
export interface Token {
  /** Names the grant; the same through every refresh. */
  readonly id: string;
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  /** What the user has granted. */
  readonly scopes: readonly string[];
  /** Epoch milliseconds. */
  readonly issuedAt: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** The user's id, when the scopes include `identify`. */
  readonly userId?: string | undefined;
}

const LONGEST_EARLY_MS = 60_000;
const EARLY_SHARE = 0.1;

/** Whether Discord has stopped taking the access token. */
export function isExpired(token: Token): boolean {
  return token.expiresAt <= now();
}

/** Whether it is time to refresh: a tenth of the lifetime before the end, a minute at most. */
export function isDue(token: Token): boolean {
  const early = Math.min(LONGEST_EARLY_MS, EARLY_SHARE * (token.expiresAt - token.issuedAt));
  return token.expiresAt - early <= now();
}

/** Reads a token that was written with JSON. */
export function parseToken(text: string): Token | undefined {
  const value: unknown = JSON.parse(text);
  return isToken(value) ? value : undefined;
}

/** Whether this is what was written as a token. */
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

/** Where the token of one grant lies, seen from one request. */
export interface GrantPlace {
  /** The token, at most 30 seconds old as far as other processes are concerned. */
  read(): Promise<Token | undefined>;
  /** What `read` would give, where nobody has to be waited for. */
  peek?(): Token | undefined;
  /** Whether the store may forget the token while a session still points to it, until the token is replaced by itself. */
  mayEndEarly?(): boolean;
  /** The token as it is stored now. */
  readAgain(): Promise<Token | undefined>;
  /**
   * Stores `next` where `former` still lies.
   *
   * @returns what lies there now: the pair of another process when that was faster, nothing when the grant has ended
   */
  replace(former: Token, next: Token): Promise<Token | undefined>;
  /** Ends the grant for good: nothing that comes later brings it back. */
  end(): Promise<void>;
  /** Whether the token goes out with the answer to the visitor, so that what comes later than that is lost with the process. */
  readonly isInAnswer?: true;
  /** Tells other processes who is refreshing, where there can be others. */
  readonly claim?: RefreshClaim | undefined;
}

/** A note among processes about who is refreshing a grant. */
export interface RefreshClaim {
  /** Until when (epoch milliseconds) another process is refreshing. */
  othersUntil(): Promise<number | undefined>;
  take(untilMs: number): Promise<void>;
  release(): Promise<void>;
}
