import type { Token } from "../../src/grants/token.js";

export const GRANT_ID = "AAAAAAAAAAAAAAAAAAAAAAAA";

/** Returns one of the pairs of a grant. Higher numbers are newer. */
export function tokenNo(number: number, changes: Partial<Token> = {}): Token {
  return {
    id: GRANT_ID,
    accessToken: `access ${number}`,
    refreshToken: `refresh ${number}`,
    scopes: ["identify"],
    issuedAt: number,
    expiresAt: 604_800_000 + number,
    userId: "7",
    ...changes,
  };
}
