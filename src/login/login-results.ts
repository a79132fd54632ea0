import type { APIGuild, APIWebhook } from "discord-api-types/v10";
import type { LoginRecord } from "../grants/grant-record.js";
import type { Token } from "../grants/token.js";
import type { Attempt, Redeemed } from "./code.js";
import type { ConnectedLogin, LoginResult, ReplayedLogin, SignedInLogin } from "./login.js";

/** Makes the result of each kind of login. */
export const RESULTS = { callback: toLogin, connection: toConnectedLogin, posted: toCodeLogin } as const;

function toLogin({ token, guild, webhook }: Redeemed, { data, returnTo }: Attempt["flow"]): SignedInLogin {
  return {
    replayed: false,
    data,
    scopes: token.scopes,
    userId: token.userId,
    returnTo,
    guild: guild as APIGuild | undefined,
    webhook: webhook as APIWebhook | undefined,
  };
}

function toConnectedLogin(redeemed: Redeemed, flow: Attempt["flow"]): ConnectedLogin {
  const login = { ...toLogin(redeemed, flow), connected: true };
  return Object.defineProperty(login, "token", { value: redeemed.token }) as unknown as ConnectedLogin;
}

function toCodeLogin(redeemed: Redeemed, flow: Attempt["flow"]): SignedInLogin {
  return withAccessToken(toLogin(redeemed, flow), redeemed.token);
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
