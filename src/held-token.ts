import { type Kind, optionsChecker } from "./check-options.js";
import { digestOf } from "./digest.js";
import type { Token } from "./grants/grant.js";
import { SCOPES } from "./option-kinds.js";

/** A token that the app holds itself. */
export interface HeldToken extends Omit<Token, "id" | "issuedAt"> {
  /** Default: derived from the token. Give one that lasts, and what is cached survives a refresh. */
  readonly id?: string | undefined;
  /** Epoch milliseconds. Default: a week before `expiresAt`. */
  readonly issuedAt?: number | undefined;
}

/**
 * What is called with each new pair of a held token, or with nothing when Discord has ended it.
 *
 * @param former what was held until now: where several processes hold the same token, delete only this one
 */
export type OnTokenChange = (token: Token | undefined, former: Token) => Promise<void> | void;

const A_WEEK_MS = 604_800_000;

// Databases give null for what is not there.
const TEXT: Kind = {
  wanted: "a string",
  accepts: (value) => typeof value === "string" || value === null,
  isSecret: true,
};
const INSTANT: Kind = {
  wanted: "a number of milliseconds since 1970",
  accepts: (value) => Number.isFinite(value) || value === null,
  hint: (value) => (value instanceof Date ? "pass its getTime()." : undefined),
};

const checked = optionsChecker<HeldToken>({
  of: "sessionFromToken",
  example: "{ accessToken, refreshToken, scopes, expiresAt }",
  kinds: {
    id: TEXT,
    accessToken: { ...TEXT, accepts: (value) => typeof value === "string" && value !== "" },
    refreshToken: TEXT,
    scopes: {
      ...SCOPES,
      accepts: (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
    },
    issuedAt: INSTANT,
    expiresAt: { ...INSTANT, accepts: (value) => Number.isFinite(value) },
    userId: TEXT,
  },
  required: ["accessToken", "scopes", "expiresAt"],
  isOpen: true,
});

/** The token with all that was left out. @throws TypeError for what is no token */
export function heldToken(token: HeldToken): Token {
  const { id, issuedAt, refreshToken, accessToken, expiresAt } = checked(token);
  return {
    ...token,
    id: id ?? grantIdOf(refreshToken ?? accessToken),
    issuedAt: issuedAt ?? expiresAt - A_WEEK_MS,
  };
}

/** Names a grant by one of its tokens. */
export function grantIdOf(token: string): string {
  return digestOf(token).slice(0, 24);
}
