import { endpointBaseOf, issuerOf } from "../addresses.js";
import { json } from "../answer.js";
import type { Discord } from "../discord.js";
import type { Routes } from "../router.js";

/** The metadata document of the authorization server (RFC 8414). */
export function metadataRoutes(discord: Discord): Routes {
  return {
    "GET /.well-known/oauth-authorization-server": () => {
      const url = endpointBaseOf(discord);
      return json(200, {
        issuer: issuerOf(discord),
        authorization_endpoint: `${url}/api/oauth2/authorize`,
        token_endpoint: `${url}/api/oauth2/token`,
        revocation_endpoint: `${url}/api/oauth2/token/revoke`,
        jwks_uri: `${url}/api/oauth2/keys`,
        response_types_supported: ["code"],
        grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
        revocation_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post", "none"],
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: discord.behaviour.issOnSuccess,
      });
    },
  };
}
