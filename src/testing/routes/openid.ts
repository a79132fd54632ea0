import { forUser } from "../access.js";
import { json } from "../answer.js";
import type { AccessToken } from "../authorizations.js";
import type { Discord } from "../discord.js";
import type { Routes } from "../router.js";

/** Routes of OpenID Connect: the keys of id tokens, and the user info. */
export function openIdRoutes(discord: Discord): Routes {
  return {
    "GET /oauth2/keys": () => json(200, discord.openIdKeys.keySet),
    "GET /oauth2/userinfo": forUser(discord, "openid", (_call, token) => json(200, describeUser(token))),
  };
}

function describeUser({ authorization, scopes }: AccessToken): object {
  const { id, payload } = authorization.user;
  const { avatar, email, global_name, locale, username, verified } = payload;
  return {
    sub: id,
    ...(scopes.includes("email") && { email, email_verified: verified }),
    ...(scopes.includes("identify") && {
      preferred_username: username,
      nickname: global_name,
      ...(avatar !== null && { picture: `https://cdn.discordapp.com/avatars/${id}/${avatar}.png` }),
      locale,
    }),
  };
}
