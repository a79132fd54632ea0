import type { APIRole } from "discord-api-types/v10";
import type { Guild, GuildMember } from "express-discord";
import { cast } from "./cast.js";
import { type Greeting, LONGEST_GREETING } from "./greeting.js";
import { guildIcon } from "./guild-icon.js";
import { type Html, html } from "./html.js";
import type { Link, Page } from "./page.js";
import type { Person } from "./sample-discord.js";
import { count, date, nameHint } from "./words.js";

const ALL_SERVERS: Link = { href: "/dashboard", label: "All servers" };

/** What the page of a server shows. */
export interface GuildView {
  readonly guild: Guild;
  readonly member: GuildMember;
  readonly roles: readonly APIRole[];
  /** The channels in which the bot can post. */
  readonly channels: readonly { readonly id: string; readonly name: string }[];
  readonly greeting: Greeting | undefined;
  /** Why the greeting was not saved. Absent if it was. */
  readonly problem?: string;
}

/** The page for visitors who are not signed in. */
export function welcomePage(people: readonly Person[] | undefined): Page {
  const content = html`<div class="hero">
<div>
<h1>Your Discord servers, at a glance</h1>
<p class="lead">See the servers you are in, bring the bot to those you manage, and choose what it says there.</p>
<p class="row"><a class="button" href="/auth/login">Sign in with Discord</a></p>
<p class="quiet">We read your name and the list of your servers. Nothing else.</p>
</div>
${people && cast(people)}
</div>`;
  return { title: "Server dashboard", content };
}

/** The page with the visitor's servers, those that they manage first. */
export function guildListPage(guilds: readonly Guild[]): Page {
  const managed = guilds.filter((guild) => guild.can("MANAGE_GUILD"));
  const others = guilds.filter((guild) => !guild.can("MANAGE_GUILD"));
  const withBot = managed.filter(({ hasBot }) => hasBot);
  const content = html`<h1>Your servers</h1>
${managed.length > 0 && html`<p class="lead">You manage ${count(managed.length, "server")}. ${botPresence(withBot.length, managed.length)}</p>`}
<section aria-labelledby="managed">
<h2 id="managed">Servers you manage</h2>
${
  managed.length > 0
    ? html`<ul class="cards">${managed.map(managedGuild)}</ul>`
    : html`<p class="quiet">You do not manage any servers yet. Ask an owner for the permission "Manage Server", or create a server of your own.</p>`
}
</section>
${
  others.length > 0 &&
  html`<section aria-labelledby="others">
<h2 id="others">Servers you are in</h2>
<ul class="list">${others.map((guild) => html`<li>${guildHead(guild, "Member")}${nameHint(guild.name)}</li>`)}</ul>
</section>`
}
<section aria-labelledby="linked">
<h2 id="linked">Linked role</h2>
<p>Servers can give a role to people who manage servers. To make that work, we tell Discord how many you manage.</p>
<p><a class="button secondary" href="/dashboard/linked-role">Set up my linked role</a></p>
</section>`;
  return { title: "Your servers", content };
}

/** The page of a server that the visitor manages, without the bot. */
export function inviteFirstPage(guild: Guild): Page {
  const content = html`${title(guild)}
<div class="message"><h2>The bot is not here yet</h2>
<p>Add it, and you can choose what it says in this server. It asks for two permissions: to see channels, and to write in them.</p>
<p><a class="button" href="/dashboard/guilds/${guild.id}/invite">Add the bot</a></p></div>`;
  return { title: guild.name, content, back: ALL_SERVERS };
}

/** The page of a server that the visitor manages, with the bot in it. */
export function guildPage({ guild, member, roles, ...greeting }: GuildView): Page {
  const own = roles.filter(({ id }) => member.hasRole(id));
  const others = roles.filter(({ id }) => !member.hasRole(id) && id !== guild.id);
  const content = html`${title(guild)}
<div class="columns">
<section aria-labelledby="greeting"><h2 id="greeting">What the bot says</h2>${greetingForm(guild.id, greeting)}</section>
<div>
<section aria-labelledby="you"><h2 id="you">You in this server</h2>
<dl>
<dt>Nickname</dt><dd>${member.nick ?? html`<span class="quiet">none</span>`}${nameHint(member.nick ?? "")}</dd>
<dt>Rank</dt><dd>${rankOf(guild)}</dd>
<dt>Joined</dt><dd>${member.joinedAt ? date(member.joinedAt) : "as a guest"}</dd>
<dt>Roles</dt><dd>${roleList(own)}</dd>
</dl></section>
<section aria-labelledby="about"><h2 id="about">About the server</h2>
<dl>
<dt>Other roles</dt><dd>${roleList(others)}</dd>
<dt>Created</dt><dd>${date(guild.createdAt)}</dd>
<dt>Id</dt><dd>${guild.id}</dd>
</dl></section>
</div>
</div>`;
  return { title: guild.name, content, back: ALL_SERVERS };
}

function greetingForm(
  guildId: string,
  { channels, greeting, problem }: Pick<GuildView, "channels" | "greeting" | "problem">,
): Html {
  if (channels.length === 0) {
    return html`<p class="quiet">This server has no text channel. Create one, and reload this page.</p>`;
  }
  const path = `/dashboard/guilds/${guildId}/greeting`;
  const options = channels.map(
    ({ id, name }) =>
      html`<option value="${id}"${id === greeting?.channelId && html` selected`}>#${name}</option>`,
  );
  return html`<form class="form" method="post" action="${path}">
${problem && html`<p class="problem" role="alert">${problem} Nothing was saved.</p>`}
<label for="channel">Channel</label>
<select id="channel" name="channelId" required>${options}</select>
<label for="text">Greeting</label>
<textarea id="text" name="text" rows="4" maxlength="${LONGEST_GREETING}" required aria-describedby="limit">${greeting?.text}</textarea>
<p class="quiet" id="limit">${LONGEST_GREETING} characters at most. Mentions in it ping nobody.</p>
<p><button class="button">Save</button></p>
</form>
${
  greeting &&
  problem === undefined &&
  html`<div class="saved"><p>Saved for <strong>#${channels.find(({ id }) => id === greeting.channelId)?.name}</strong>:</p>
<blockquote>${greeting.text}</blockquote>
<form method="post" action="${path}/send"><button class="button secondary">Post it now</button></form></div>`
}`;
}

/** The page about the linked role, with the value that Discord has, if any. */
export function linkedRolePage(managedServers: string | undefined): Page {
  const update = html`<form method="post" action="/dashboard/linked-role"><button class="button">${
    managedServers === undefined ? "Link my role" : "Update it"
  }</button></form>`;
  const content = html`<h1>Linked role</h1>
${
  managedServers === undefined
    ? html`<p>Discord does not know yet how many servers you manage.</p>${update}`
    : html`<p>Discord knows that you manage <strong>${count(Number(managedServers), "server")}</strong>.</p>
<div class="row">${update}
<form method="post" action="/dashboard/linked-role/remove"><button class="button secondary">Remove it</button></form></div>`
}`;
  return { title: "Linked role", content, back: ALL_SERVERS };
}

/** A card is a link to the settings if the bot is in the server. Otherwise it has a button to add the bot. */
function managedGuild(guild: Guild): Html {
  const page = `/dashboard/guilds/${guild.id}`;
  return guild.hasBot
    ? html`<li><a class="card" href="${page}">${guildHead(guild, rankOf(guild))}<span class="button">Manage</span>${nameHint(guild.name)}</a></li>`
    : html`<li class="card">${guildHead(guild, rankOf(guild))}<a class="button secondary" href="${page}/invite">Add the bot<span class="hidden"> to ${guild.name}</span></a>${nameHint(guild.name)}</li>`;
}

function botPresence(withBot: number, managed: number): string {
  if (managed === 1) return withBot === 1 ? "The bot is in it." : "The bot is not in it yet.";
  return `The bot is in ${withBot === 0 ? "none" : withBot} of them.`;
}

function guildHead(guild: Guild, rank: string): Html {
  return html`${guildIcon(guild)}<span class="name"><span>${guild.name}</span><small>${rank}</small></span>`;
}

function title(guild: Guild): Html {
  return html`<div class="title">${guildIcon(guild)}<div><h1>${guild.name}</h1>${nameHint(guild.name)}</div></div>`;
}

function roleList(roles: readonly APIRole[]): Html {
  if (roles.length === 0) return html`<span class="quiet">none</span>`;
  return html`<ul class="badges">${roles.map(
    (role) => html`<li class="badge">${dot(role.color)}${role.name}</li>`,
  )}</ul>${nameHint(roles.map(({ name }) => name).join())}`;
}

/** A dot in the role's colour. It is an image, because the content security policy forbids inline styles. */
function dot(color: number): Html | false {
  const fill = `#${color.toString(16).padStart(6, "0")}`;
  return (
    color !== 0 &&
    html`<svg class="dot" viewBox="0 0 8 8" aria-hidden="true"><circle cx="4" cy="4" r="4" fill="${fill}"/></svg>`
  );
}

function rankOf(guild: Guild): string {
  if (guild.isOwner) return "Owner";
  return guild.can("ADMINISTRATOR") ? "Administrator" : "Manager";
}
