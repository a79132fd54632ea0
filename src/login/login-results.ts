import type { APIGuild, APIWebhook } from "discord-api-types/v10";
import type { LoginRecord } from "../grants/grant-record.js";
import type { Token } from "../grants/token.js";
import type { Attempt, Redeemed } from "./code.js";
import type { ConnectedLogin, Login, LoginResult, ReplayedLogin, SignedInLogin } from "./login.js";

/** Makes the result of a login. */
export function toLogin(
  { kind, data, returnTo }: Pick<Attempt, "kind" | "data" | "returnTo">,
  { token, guild, webhook }: Redeemed,
): Login {
  const login: SignedInLogin = {
    replayed: false,
    data,
    scopes: token.scopes,
    userId: token.userId,
    returnTo,
    guild: guild as APIGuild | undefined,
    webhook: webhook as APIWebhook | undefined,
  };
  if (kind === "callback") return login;
  if (kind === "posted") return withAccessToken(login, token);
  return Object.defineProperty({ ...login, connected: true }, "token", { value: token }) as ConnectedLogin;
}

/** Makes the result of a repeated login. */
export function toReplayedLogin(
  { scopes, userId, returnTo }: Pick<LoginRecord, "scopes" | "userId" | "returnTo">,
  data?: unknown,
): ReplayedLogin {
  return { replayed: true, guild: undefined, webhook: undefined, data, scopes, userId, returnTo };
}

/** Adds the access token, which logging the login does not show. */
export function withAccessToken<Result extends LoginResult>(result: Result, { accessToken }: Token): Result {
  return Object.defineProperty(result, "accessToken", { value: accessToken });
}
