import { type Kind, optionsChecker } from "./check-options.js";
import type { Token } from "./grants/token.js";
import { SCOPES } from "./option-kinds.js";

/** A token that the app stores itself. */
export interface HeldToken extends Omit<Token, "id" | "issuedAt"> {
  /** Default: derived from the token. Pass a fixed id so that cached data survives a refresh. */
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
const INSTANT: Kind = {
  wanted: "a number of milliseconds since 1970",
  accepts: (value) => Number.isFinite(value) || value === null,
  hint: (value) => (value instanceof Date ? "pass its getTime()." : undefined),
};

/** @throws TypeError if the value is not a token */
export const appToken = optionsChecker<HeldToken>({
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
