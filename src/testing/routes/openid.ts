import { forUser } from "../access.js";
import { endpointBaseOf, issuerOf } from "../addresses.js";
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

/** The OpenID discovery document. */
export function openIdConfigurationRoutes(discord: Discord): Routes {
  return {
    "GET /.well-known/openid-configuration": () => {
      const url = endpointBaseOf(discord);
      return json(200, {
        issuer: issuerOf(discord),
        authorization_endpoint: `${url}/api/oauth2/authorize`,
        token_endpoint: `${url}/api/oauth2/token`,
        userinfo_endpoint: `${url}/api/oauth2/userinfo`,
        jwks_uri: `${url}/api/oauth2/keys`,
        response_types_supported: ["code", "token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
      });
    },
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
