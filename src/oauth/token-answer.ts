import { now } from "../clock.js";
import { isVisibleAscii } from "../option-kinds.js";

/** The lifetime of a token if the response has no `expires_in`. */
const DEFAULT_LIFETIME_S = 604_800;
/** The longest accepted `expires_in`: ten years. */
const LONGEST_LIFETIME_S = 315_360_000;

/** A parsed response of the token endpoint, with times in epoch milliseconds. */
export type TokenAnswer = ReturnType<typeof parseTokenAnswer>;

/**
 * Parses what simple-oauth2 returned as a token, which is the body of any response with status 200.
 *
 * @throws TypeError when it contains no token
 */
export function parseTokenAnswer(answer: unknown) {
  const { access_token, refresh_token, expires_in, scope, guild, webhook } = answer as Record<
    string,
    unknown
  >;
  if (!isVisibleAscii(access_token)) throw new TypeError("The response contains no token.");
  const lifetimeS =
    typeof expires_in === "number" && expires_in >= 1
      ? Math.min(expires_in, LONGEST_LIFETIME_S)
      : DEFAULT_LIFETIME_S;
  const issuedAt = now();
  return {
    accessToken: access_token,
    refreshToken: isVisibleAscii(refresh_token) ? refresh_token : undefined,
    scopes: typeof scope === "string" ? scope.split(" ").filter(Boolean) : [],
    issuedAt,
    expiresAt: issuedAt + lifetimeS * 1000,
    /** With the scope `bot`: the guild that the bot was added to. */
    guild,
    /** With the scope `webhook.incoming`: the new webhook. */
    webhook,
  };
}
