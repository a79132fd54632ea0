import { createHash } from "node:crypto";
import { issuerOf } from "../addresses.js";
import { type Answer, json, refuse } from "../answer.js";
import type { CodeGrant } from "../authorization-codes.js";
import type { TokenResponse } from "../authorizations.js";
import type { Call } from "../call.js";
import { deauthorize } from "../deauthorize.js";
import type { Discord } from "../discord.js";
import { INVALID_SCOPE, oauthError, TOKEN_HEADERS } from "../oauth-errors.js";
import type { Routes } from "../router.js";
import { isGrantable, parseScopes } from "../scopes.js";
import { formOf, requireClient } from "./client-authentication.js";
import { addChosenPlaces } from "./passthrough-scopes.js";

type Form = Readonly<Record<string, string>>;
type Grant = (discord: Discord, form: Form) => TokenResponse;

const TOKEN_TYPES = ["access_token", "refresh_token"];

const GRANTS: Readonly<Record<string, Grant>> = {
  authorization_code: exchangeCode,
  refresh_token: refresh,
  client_credentials: issueToOwner,
};

/** The token and revocation endpoints. */
export function tokenRoutes(discord: Discord): Routes {
  return {
    "POST /oauth2/token": (call) => answerToken(discord, call),
    "POST /oauth2/token/revoke": (call) => answerRevoke(discord, call),
  };
}

function answerToken(discord: Discord, call: Call): Answer {
  const form = formOf(discord, call);
  const type = form["grant_type"];
  const grant = type !== undefined && Object.hasOwn(GRANTS, type) ? GRANTS[type] : undefined;
  if (grant === undefined) {
    return oauthError("unsupported_grant_type", `Grant type ${type ?? "None"} is not supported`);
  }
  requireClient(discord, call);
  return json(200, grant(discord, form), TOKEN_HEADERS);
}

function exchangeCode(discord: Discord, form: Form): TokenResponse {
  const { authorizations, behaviour, codes } = discord;
  const code = form["code"];
  if (!code) refuse(oauthError("invalid_request", 'Missing "code" in request.'));
  const found = codes.find(code);
  if (found?.used && behaviour.codeReuse === "revoke-grant") deauthorize(discord, found.grant.authorization);
  if (found === undefined || found.used) refuse(oauthError("invalid_grant", 'Invalid "code" in request.'));
  const { grant } = found;
  if (grant.redirectUri !== undefined && form["redirect_uri"] !== grant.redirectUri) {
    refuse(oauthError("invalid_grant", 'Invalid "redirect_uri" in request.'));
  }
  requireVerifier(grant, form["code_verifier"]);
  codes.use(code);
  const tokens = authorizations.issuePair(grant.authorization, grant.scopes);
  return { ...tokens, ...addIdToken(discord, grant, tokens), ...addChosenPlaces(discord, grant) };
}

function addIdToken(
  discord: Discord,
  { authorization, nonce, scopes }: CodeGrant,
  tokens: TokenResponse,
): Pick<TokenResponse, "id_token"> {
  if (!scopes.includes("openid")) return {};
  const id_token = discord.openIdKeys.signIdToken({
    issuer: issuerOf(discord),
    clientId: discord.application.id,
    userId: authorization.user.id,
    nonce,
    accessToken: tokens.access_token,
    issuedAt: discord.clock.now(),
    lifetimeSeconds: tokens.expires_in,
  });
  return { id_token };
}

function requireVerifier(grant: CodeGrant, verifier: string | undefined): void {
  if (!verifier) {
    if (grant.codeChallenge === undefined) return;
    refuse(oauthError("invalid_request", 'Missing "code_verifier"'));
  }
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) {
    refuse(oauthError("invalid_request", 'Invalid "code_verifier"'));
  }
  if (createHash("sha256").update(verifier).digest("base64url") !== grant.codeChallenge) {
    refuse(oauthError("invalid_grant", "Code challenge failed."));
  }
}

function refresh(discord: Discord, form: Form): TokenResponse {
  const { authorizations, behaviour } = discord;
  const token = form["refresh_token"];
  if (!token) refuse(oauthError("invalid_request", 'Missing "refresh_token" in request.'));
  const found = authorizations.findRefreshToken(token);
  if (found?.used && behaviour.refreshReuse === "revoke-grant") deauthorize(discord, found.authorization);
  if (found === undefined || found.used || found.authorization.user.banned) {
    const fullStop = behaviour.refreshErrorFullStop ? "." : "";
    refuse(oauthError("invalid_grant", `Invalid "refresh_token" in request${fullStop}`));
  }
  const granted = found.authorization.scopes;
  const asked = parseScopes(form["scope"]);
  if (asked.some((scope) => !granted.has(scope))) refuse(oauthError("invalid_scope", INVALID_SCOPE));
  return authorizations.refresh(found, asked.length > 0 ? asked : [...granted]);
}

function issueToOwner(discord: Discord, form: Form): TokenResponse {
  const { authorizations, behaviour, owner } = discord;
  const scopes = parseScopes(form["scope"]);
  if (scopes.length === 0 || scopes.some((scope) => !isGrantable(scope, behaviour))) {
    refuse(oauthError("invalid_scope", INVALID_SCOPE));
  }
  return authorizations.issueAccessToken(authorizations.grant(owner, scopes), scopes);
}

function answerRevoke(discord: Discord, call: Call): Answer {
  requireClient(discord, call);
  const { token, token_type_hint: hint } = formOf(discord, call);
  if (!token) return oauthError("invalid_request");
  if (hint && !TOKEN_TYPES.includes(hint)) return oauthError("unsupported_token_type");
  const { authorizations } = discord;
  const found = authorizations.findAccessToken(token) ?? authorizations.findRefreshToken(token);
  if (found !== undefined) deauthorize(discord, found.authorization);
  return json(200, {}, TOKEN_HEADERS);
}
