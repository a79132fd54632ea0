import { now } from "../clock.js";

/** What Discord's tokens live for, where an answer does not say. */
const DEFAULT_LIFETIME_S = 604_800;
/** Ten years: what a token may claim to live for. */
const LONGEST_LIFETIME_S = 315_360_000;

/** What the token endpoint gave. */
export interface TokenAnswer {
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly scopes: readonly string[];
  readonly issuedAt: number;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** With the scope `bot`: the guild that the bot was added to. */
  readonly guild: unknown;
  /** With the scope `webhook.incoming`: the new webhook. */
  readonly webhook: unknown;
}

/** Raised for a 200 that holds no token. */
class Unreadable extends Error {}

/**
 * Reads what simple-oauth2 took for a token: whatever came with status 200.
 *
 * @throws Unreadable where there is no token in it
 */
export function parseTokenAnswer(answer: unknown): TokenAnswer {
  const { access_token, refresh_token, expires_in, scope, guild, webhook } = answer as Record<
    string,
    unknown
  >;
  if (!isToken(access_token)) throw new Unreadable();
  const lifetimeS =
    typeof expires_in === "number" && expires_in >= 1
      ? Math.min(expires_in, LONGEST_LIFETIME_S)
      : DEFAULT_LIFETIME_S;
  const issuedAt = now();
  return {
    accessToken: access_token,
    refreshToken: isToken(refresh_token) ? refresh_token : undefined,
    scopes: typeof scope === "string" ? scope.split(" ").filter(Boolean) : [],
    issuedAt,
    expiresAt: issuedAt + lifetimeS * 1000,
    guild,
    webhook,
  };
}

/** Whether this is something that a header can carry (RFC 6749, appendix A.12, without the space). */
function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}
