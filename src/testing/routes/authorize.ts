import { publicUrlOf } from "../addresses.js";
import { type Answer, redirect, refuse } from "../answer.js";
import { type AuthorizeRequest, findMistake, readAuthorizeRequest } from "../authorize-request.js";
import type { Call } from "../call.js";
import { consentPage } from "../consent-page.js";
import type { Discord } from "../discord.js";
import type { SimulatedChannel, SimulatedGuild } from "../guild.js";
import { CANCELLED, INVALID_SCOPE } from "../oauth-errors.js";
import { errorPage } from "../page.js";
import { PERMISSIONS } from "../permissions.js";
import type { Routes } from "../router.js";
import { isGrantable, needsChoice } from "../scopes.js";
import { readSignedInUser, signedInCookie } from "../signed-in-cookie.js";
import type { SimulatedUser } from "../user.js";
import { formOf } from "./client-authentication.js";
import { redirectWithError, redirectWithGrant } from "./redirect-back.js";

/** Routes of the consent page. */
export function authorizePageRoutes(discord: Discord): Routes {
  return {
    "GET /oauth2/authorize": (call) => ask(discord, call, readAuthorizeRequest(discord, call)),
    "POST /oauth2/authorize": (call) => decide(discord, call, readAuthorizeRequest(discord, call)),
  };
}

/** The path below `/api`, which redirects to the page. */
export function authorizeApiRoutes(discord: Discord): Routes {
  const page = `${publicUrlOf(discord)}/oauth2/authorize`;
  return { "GET /oauth2/authorize": (call) => redirect(page + call.search) };
}

/** Shows the consent page, unless there is nothing to ask. */
export function ask(discord: Discord, call: Call, request: AuthorizeRequest): Answer {
  discord.world.addSomebodyIfEmpty();
  const mistake = findMistake(request);
  if (mistake !== undefined) return redirectWithError(discord, request, mistake);
  const user = signedInUser(discord, call);
  if (user !== undefined && isSettled(discord, request, user)) {
    return redirectWithGrant(discord, request, { user, scopes: request.scopes });
  }
  return consentPage(discord, request, { user });
}

/** Handles the user's decision. */
export function decide(discord: Discord, call: Call, request: AuthorizeRequest): Answer {
  const mistake = findMistake(request);
  if (mistake !== undefined) return redirectWithError(discord, request, mistake);
  const form = formOf(discord, call);
  const user = discord.world.users.get(form["user_id"] ?? "");
  if (user === undefined) refuse(errorPage("Nobody has this user_id: add the user to this simulator first"));
  if (form["decision"] !== "authorize") {
    return redirectWithError(discord, request, { error: "access_denied", description: CANCELLED });
  }
  const granted = form["scope"]?.split(" ") ?? request.scopes;
  const scopes = request.scopes.filter((scope) => granted.includes(scope));
  if (!mayGrant(discord, request)) {
    return redirectWithError(discord, request, { error: "invalid_scope", description: INVALID_SCOPE });
  }
  const guild = scopes.includes("bot") ? chosenGuild(discord, call, request, user) : undefined;
  const webhookPlace = scopes.includes("webhook.incoming")
    ? chosenChannel(discord, call, request, user)
    : undefined;
  const answer = redirectWithGrant(discord, request, { user, scopes, guild, webhookPlace });
  return { ...answer, headers: { ...answer.headers, "Set-Cookie": signedInCookie(user.id) } };
}

function mayGrant(
  { behaviour }: Discord,
  { scopes, codeChallenge, responseType }: AuthorizeRequest,
): boolean {
  const implicit = responseType === "token";
  if (scopes.includes("role_connections.write") && (codeChallenge !== undefined || implicit)) return false;
  if (scopes.includes("webhook.incoming") && implicit) return false;
  return scopes.length > 0 && scopes.every((scope) => isGrantable(scope, behaviour));
}

/** Whether `prompt=none` may redirect without a page: everything was granted before, and there is nothing to choose. */
function isSettled(discord: Discord, request: AuthorizeRequest, user: SimulatedUser): boolean {
  const granted = discord.authorizations.of(user)?.scopes;
  const asksNothingNew = granted !== undefined && request.scopes.every((scope) => granted.has(scope));
  return request.skipConsent && asksNothingNew && !needsChoice(request.scopes) && mayGrant(discord, request);
}

function signedInUser(discord: Discord, call: Call): SimulatedUser | undefined {
  return discord.world.users.get(readSignedInUser(call.headers.cookie) ?? "");
}

function chosenGuild(
  discord: Discord,
  call: Call,
  request: AuthorizeRequest,
  user: SimulatedUser,
): SimulatedGuild {
  const id = formOf(discord, call)["guild_id"] || request.guildId;
  const guild = discord.world.guilds.get(id ?? "");
  if (guild?.lets(user, PERMISSIONS.manageGuild)) return guild;
  const problem = "Choose a server that this user manages";
  return refuse(consentPage(discord, request, { user, problem }));
}

function chosenChannel(
  discord: Discord,
  call: Call,
  request: AuthorizeRequest,
  user: SimulatedUser,
): { guild: SimulatedGuild; channel: SimulatedChannel } {
  const id = formOf(discord, call)["channel_id"] || request.channelId;
  for (const guild of discord.world.guildsOf(user)) {
    const channel = guild.channels.find((candidate) => candidate.id === id);
    if (channel !== undefined && guild.lets(user, PERMISSIONS.manageWebhooks)) return { guild, channel };
  }
  const problem = "Choose a channel in a server where this user manages webhooks";
  return refuse(consentPage(discord, request, { user, problem }));
}
