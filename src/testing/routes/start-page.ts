import { type Answer, redirect, refuse } from "../answer.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import type { SimulatedGuild } from "../guild.js";
import { type Html, html } from "../html.js";
import { avatarOf, iconOf, nameHint } from "../likeness.js";
import type { SentMessage } from "../mailbox.js";
import type { ActivityFrame } from "../open-activity.js";
import { errorPage, page } from "../page.js";
import type { RecordedRequest, RequestLog } from "../request-log.js";
import type { Routes } from "../router.js";
import { readSignedInUser, signedInCookie } from "../signed-in-cookie.js";
import type { SimulatedUser } from "../user.js";
import { formOf } from "./client-authentication.js";

const SHOWN_PEOPLE = 100;
const SHOWN_EVENTS = 20;

/** The start page: shows the users, guilds and requests of the simulator. */
export function startPageRoutes(discord: Discord, log: RequestLog): Routes {
  return {
    "GET /": (call) => showStartPage(discord, log, call),
    "POST /sign-in": (call) => signIn(discord, call),
  };
}

function signIn(discord: Discord, call: Call): Answer {
  const user = discord.world.users.get(formOf(discord, call)["user_id"] ?? "");
  if (user === undefined) refuse(errorPage("Nobody has this user_id."));
  return redirect("/", { "Set-Cookie": signedInCookie(user.id) });
}

function showStartPage(discord: Discord, log: RequestLog, call: Call): Answer {
  const { application, mailbox, world } = discord;
  world.addSomebodyIfEmpty();
  const signedIn = readSignedInUser(call.headers.cookie);
  const users = [...world.users.values()].slice(0, SHOWN_PEOPLE);
  const guilds = [...world.guilds.values()].slice(0, SHOWN_PEOPLE);
  const calls = log.requests.filter(({ path }) => path.startsWith("/api/")).slice(-SHOWN_EVENTS);
  const activities = [...discord.activityFrames.values()].map(activityItem);
  return page(
    200,
    "Simulated Discord",
    html`
<h1>Simulated Discord <span>for ${application.name}, client id ${application.id}</span></h1>
${section(
  "Users",
  users.map((user) => userItem(user, user.id === signedIn)),
)}
${section("Servers", guilds.map(guildItem))}
${activities.length > 0 && section("Open Activities", activities)}
${section("Latest API requests", calls.reverse().map(requestItem))}
${section(
  "Latest messages",
  mailbox.messages
    .slice(-SHOWN_EVENTS)
    .reverse()
    .map((message) => messageItem(discord, message)),
)}`,
  );
}

function section(title: string, items: readonly Html[]): Html {
  const id = title.toLowerCase().replaceAll(" ", "-");
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${items.length > 0 ? html`<ul class="plain">${items}</ul>` : html`<p>None yet.</p>`}</section>`;
}

function userItem(user: SimulatedUser, isSignedIn: boolean): Html {
  const action = isSignedIn
    ? html`<strong>Signed in</strong>`
    : html`<form method="post" action="/sign-in"><button name="user_id" value="${user.id}">Sign in<span class="hidden"> as ${user.displayName}</span></button></form>`;
  return html`<li class="row">${avatarOf(user)}
<span>${user.displayName}<small>${user.payload.username}</small><small>${user.id}</small>${nameHint(user.displayName)}</span>${action}</li>`;
}

function guildItem(guild: SimulatedGuild): Html {
  const members = guild.members.size === 1 ? "1 member" : `${guild.members.size} members`;
  return html`<li class="row">${iconOf(guild)}<span>${guild.name}<small>${members}${guild.bot && ", with the bot"}</small><small>${guild.id}</small>${nameHint(guild.name)}</span></li>`;
}

function activityItem({ id, appUrl }: ActivityFrame): Html {
  return html`<li><a href="/activities/${id}">${appUrl}</a></li>`;
}

function requestItem({ at, fault, method, route, status }: RecordedRequest): Html {
  return html`<li><code>${method} ${route}</code> ${status === undefined ? "no answer" : String(status)}${fault !== undefined && html` (${fault})`} <small>${timeOf(at)}</small></li>`;
}

function messageItem({ world }: Discord, { channelId, content, files, recipient }: SentMessage): Html {
  const place = recipient?.displayName ?? `#${world.findChannel(channelId)?.channel.name ?? channelId}`;
  const attached = files.map(({ filename }) => html` <small>${filename}</small>`);
  return html`<li><strong>${place}</strong> ${content}${attached}</li>`;
}

function timeOf(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}
