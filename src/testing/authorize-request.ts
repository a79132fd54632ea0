import { refuse } from "./answer.js";
import type { Call } from "./call.js";
import type { Discord } from "./discord.js";
import { errorPage } from "./page.js";
import { parseScopes } from "./scopes.js";
import { isWebUrl } from "./web-url.js";

/** A parsed authorization URL. */
export interface AuthorizeRequest {
  /** The path to which the consent page sends its form. */
  readonly action: string;
  /** Whether the page is shown in the client, to the user of an Activity. */
  readonly isInActivity: boolean;
  readonly responseType: string | undefined;
  readonly scopes: readonly string[];
  /** The redirect URI; `undefined` if neither the URL nor the application has one. */
  readonly redirectUri: string | undefined;
  /** The redirect URI in the URL, which the code exchange must repeat. */
  readonly givenRedirectUri: string | undefined;
  readonly state: string | undefined;
  readonly skipConsent: boolean;
  readonly permissions: string;
  readonly guildId: string | undefined;
  readonly channelId: string | undefined;
  readonly guildSelectDisabled: boolean;
  /** Whether the user installs the application for themselves, not in a guild. */
  readonly isUserInstall: boolean;
  readonly nonce: string | undefined;
  readonly codeChallenge: string | undefined;
  readonly codeChallengeMethod: string | undefined;
}

/**
 * Parses an authorization URL. Shows an error page for a wrong client or redirect URI, which must not be redirected
 * to.
 */
export function readAuthorizeRequest({ application, behaviour }: Discord, call: Call): AuthorizeRequest {
  const { query } = call;
  if (query["client_id"] !== application.id) {
    refuse(errorPage(`Unknown Application: client_id is ${query["client_id"] ?? "missing"}`));
  }
  const givenRedirectUri = query["redirect_uri"];
  const isAllowed = behaviour.strictRedirectUris ? isRegistered : isWebAddress;
  if (givenRedirectUri !== undefined && !isAllowed(givenRedirectUri, application.redirectUris)) {
    const remedy =
      "register it with --redirect-uri on the command line, or with redirectUris or addRedirectUri()";
    refuse(errorPage(`Invalid OAuth2 redirect_uri: ${givenRedirectUri} is not registered; ${remedy}`));
  }
  const scopes = parseScopes(query["scope"] ?? "bot applications.commands");
  return {
    action: `/oauth2/authorize${call.search}`,
    isInActivity: false,
    responseType: query["response_type"],
    scopes,
    redirectUri: givenRedirectUri ?? application.redirectUris[0],
    givenRedirectUri,
    state: query["state"],
    skipConsent: query["prompt"] === "none",
    permissions: query["permissions"] ?? "0",
    guildId: query["guild_id"],
    channelId: query["channel_id"],
    guildSelectDisabled: query["disable_guild_select"] === "true",
    isUserInstall: query["integration_type"] === "1" && scopes.includes("applications.commands"),
    nonce: query["nonce"],
    codeChallenge: query["code_challenge"],
    codeChallengeMethod: query["code_challenge_method"],
  };
}

function isRegistered(uri: string, registered: readonly string[]): boolean {
  return registered.includes(uri);
}

function isWebAddress(uri: string, registered: readonly string[]): boolean {
  return isRegistered(uri, registered) || isWebUrl(uri);
}

/** An error for the redirect to the application. */
export interface AuthorizeError {
  readonly error: string;
  readonly description: string;
}

/** Finds a mistake in a request before the user is asked. */
export function findMistake(request: AuthorizeRequest): AuthorizeError | undefined {
  const { responseType, scopes, codeChallenge, codeChallengeMethod } = request;
  const needsResponseType = scopes.some((scope) => scope !== "bot" && scope !== "applications.commands");
  if (responseType === undefined && needsResponseType)
    return invalidRequest('Missing "response_type" in request.');
  if (responseType !== undefined && responseType !== "code" && responseType !== "token") {
    return {
      error: "unsupported_response_type",
      description: `response_type=${responseType} is not supported`,
    };
  }
  if (codeChallengeMethod !== undefined && codeChallenge === undefined) {
    return invalidRequest('Missing "code_challenge"');
  }
  if (codeChallenge === undefined && isCustomScheme(request.redirectUri)) {
    return invalidRequest('Missing "code_challenge"');
  }
  if (codeChallenge !== undefined && codeChallengeMethod !== "S256") {
    return invalidRequest('Unsupported "code_challenge_method"');
  }
  return undefined;
}

/** Whether a redirect URI opens an app on the device. Any app may claim it, so only PKCE protects the code. */
function isCustomScheme(redirectUri: string | undefined): boolean {
  return redirectUri !== undefined && !/^https?:/i.test(redirectUri);
}

function invalidRequest(description: string): AuthorizeError {
  return { error: "invalid_request", description };
}
