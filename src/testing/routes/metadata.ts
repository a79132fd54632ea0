import { endpointBaseOf, issuerOf } from "../addresses.js";
import { json } from "../answer.js";
import type { Discord } from "../discord.js";
import type { Routes } from "../router.js";

/** The metadata documents: of the authorization server (RFC 8414), and OpenID discovery. */
export function metadataRoutes(discord: Discord): Routes {
  const common = (url: string) => ({
    issuer: issuerOf(discord),
    authorization_endpoint: `${url}/api/oauth2/authorize`,
    token_endpoint: `${url}/api/oauth2/token`,
    jwks_uri: `${url}/api/oauth2/keys`,
  });
  return {
    "GET /.well-known/oauth-authorization-server": () => {
      const url = endpointBaseOf(discord);
      return json(200, {
        ...common(url),
        revocation_endpoint: `${url}/api/oauth2/token/revoke`,
        response_types_supported: ["code"],
        grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
        revocation_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: discord.behaviour.issOnSuccess,
      });
    },
    "GET /.well-known/openid-configuration": () => {
      const url = endpointBaseOf(discord);
      return json(200, {
        ...common(url),
        userinfo_endpoint: `${url}/api/oauth2/userinfo`,
        response_types_supported: ["code", "token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
      });
    },
  };
}
