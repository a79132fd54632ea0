import { issuerOf } from "../addresses.js";
import { type Answer, redirect } from "../answer.js";
import type { CodeGrant } from "../authorization-codes.js";
import type { AuthorizeError, AuthorizeRequest } from "../authorize-request.js";
import type { Discord } from "../discord.js";
import type { SimulatedGuild } from "../guild.js";
import { guildPayload } from "../guild-payload.js";
import { html } from "../html.js";
import { errorPage, page } from "../page.js";
import type { SimulatedUser } from "../user.js";
import { addBot } from "./passthrough-scopes.js";

/** The user's choices on the consent page. */
export interface Consent {
  readonly user: SimulatedUser;
  readonly scopes: readonly string[];
  readonly guild?: SimulatedGuild | undefined;
  readonly webhookPlace?: CodeGrant["webhookPlace"];
}

/** Redirects the user to the application with a code. */
export function redirectWithGrant(discord: Discord, request: AuthorizeRequest, consent: Consent): Answer {
  const { authorizations, behaviour, webhookEvents } = discord;
  const { user, scopes, guild } = consent;
  const authorization = authorizations.grant(user, scopes);
  const permissions = BigInt(/^\d+$/.test(request.permissions) ? request.permissions : 0);
  const botPlace = guild && { guild, permissions };
  if (botPlace !== undefined && !behaviour.botRequiresCodeGrant) addBot(botPlace);
  const installation = guild
    ? { integration_type: 0, guild: guildPayload(discord, guild) }
    : request.isUserInstall && { integration_type: 1 };
  const data = { user: user.seenByOthers(), scopes, ...installation };
  webhookEvents.announce({ type: "APPLICATION_AUTHORIZED", data });
  const parameters = new URLSearchParams();
  if (request.responseType === "code") {
    const grant = {
      authorization,
      scopes,
      redirectUri: request.givenRedirectUri,
      codeChallenge: request.codeChallenge,
      nonce: request.nonce,
      botPlace,
      webhookPlace: consent.webhookPlace,
    };
    parameters.set("code", discord.codes.create(grant));
  }
  if (request.responseType === "token") {
    for (const [name, value] of Object.entries(authorizations.issueAccessToken(authorization, scopes))) {
      parameters.set(name, String(value));
    }
  }
  if (guild !== undefined) {
    parameters.set("guild_id", guild.id);
    parameters.set("permissions", permissions.toString());
  }
  return sendBack(discord, request, parameters, behaviour.issOnSuccess);
}

/** Redirects the user to the application with an error. */
export function redirectWithError(
  discord: Discord,
  request: AuthorizeRequest,
  mistake: AuthorizeError,
): Answer {
  const { error, description } = mistake;
  if (request.redirectUri === undefined) return errorPage(`${error}: ${description}`);
  const parameters = new URLSearchParams({ error, error_description: description });
  return sendBack(discord, request, parameters, discord.behaviour.issOnError);
}

function sendBack(
  discord: Discord,
  request: AuthorizeRequest,
  parameters: URLSearchParams,
  withIss: boolean,
): Answer {
  if (request.redirectUri === undefined)
    return page(200, "Authorized", html`<h1>Authorized</h1><p>You may close this page.</p>`);
  if (request.state !== undefined) parameters.set("state", request.state);
  if (withIss) parameters.set("iss", issuerOf(discord));
  const target = new URL(request.redirectUri);
  if (request.responseType === "token") target.hash = parameters.toString();
  else for (const [name, value] of parameters) target.searchParams.append(name, value);
  // The client's page reads the URL in its frame, so the host name must stay the one that the page was opened with.
  return redirect(request.isInActivity ? target.href.slice(target.origin.length) : target.href);
}
