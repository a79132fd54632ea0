import { type Kind, type Kinds, optionsChecker } from "./check-options.js";
import type { Token } from "./grants/token.js";
import { SCOPES } from "./option-kinds.js";

/** A token that the app stores itself. */
export interface HeldToken extends Omit<Token, "id" | "issuedAt"> {
  /** An id of your own, for `onChange`: its tokens have it too. Default: derived from the token. */
  readonly id?: string | undefined;
  /** Epoch milliseconds. Default: a week before `expiresAt`. */
  readonly issuedAt?: number | undefined;
}

// Accepts null, which databases return for missing values.
const TEXT: Kind = {
  wanted: "a string",
  accepts: (value) => typeof value === "string" || value === null,
  isSecret: true,
};
const SOME_TEXT: Kind = {
  ...TEXT,
  wanted: "a string that is not empty",
  accepts: (value) => typeof value === "string" && value !== "",
};
const INSTANT: Kind = {
  wanted: "a number of milliseconds since 1970",
  accepts: (value) => Number.isFinite(value) || value === null,
  hint(value) {
    if (value instanceof Date) return "pass its getTime().";
    return typeof value === "string" && /^\d+$/.test(value) ? "convert it with Number()." : undefined;
  },
};
const KINDS: Kinds<Token> = {
  id: TEXT,
  accessToken: SOME_TEXT,
  refreshToken: TEXT,
  scopes: {
    ...SCOPES,
    accepts: (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
  },
  issuedAt: INSTANT,
  expiresAt: { ...INSTANT, accepts: (value) => Number.isFinite(value) },
  userId: TEXT,
};

/** @throws TypeError if the value is not a token */
export const appToken = optionsChecker<HeldToken>({
  of: "sessionFromToken",
  example: "{ accessToken, refreshToken, scopes, expiresAt }",
  kinds: KINDS,
  required: ["accessToken", "scopes", "expiresAt"],
  isOpen: true,
});

/** @throws TypeError if the app's own method did not return a token. Caches and scope checks rely on its fields */
export const ownToken = wholeToken("What getAuthorizationToken returned", "It");

/** @throws TypeError if the value is not a token. Stored as one, it would sign the visitor out */
export const savedToken = wholeToken("saveAuthorizationToken", "The token");

function wholeToken(of: string, noun: string): (token: Token | undefined) => Token {
  return optionsChecker<Token>({
    of,
    noun,
    example: "{ id, accessToken, refreshToken, scopes, issuedAt, expiresAt, userId }",
    kinds: { ...KINDS, id: SOME_TEXT },
    required: ["id", "accessToken", "scopes", "expiresAt"],
    isOpen: true,
  });
}
