import type { APIRole } from "discord-api-types/v10";
import type { Guild, GuildMember, User } from "express-discord";
import { type Html, html } from "./shared/html.js";
import { imageSource } from "./shared/images.js";
import { page } from "./shared/page.js";

const LOGOUT_PATH = "/auth/logout";

/** For a visitor who is not signed in. */
export function welcomePage(): string {
  const content = html`<div class="hero">
<h1>Your Discord servers, at a glance</h1>
<p>See the servers you are in, open those you manage, and show off with a linked role.</p>
<p><a class="button" href="/auth/login">Sign in with Discord</a></p>
<p class="quiet">We read your name, your servers and your roles in them. Nothing else.</p>
</div>`;
  return page("Server dashboard", content);
}

/** The visitor's servers: first those that they manage. */
export function guildListPage(user: User, guilds: readonly Guild[]): string {
  const managed = guilds.filter((guild) => guild.can("MANAGE_GUILD"));
  const others = guilds.filter((guild) => !guild.can("MANAGE_GUILD"));
  const content = html`<h1>Hello, ${user.displayName}</h1>
<section aria-labelledby="managed">
<h2 id="managed">Servers you manage</h2>
${
  managed.length > 0
    ? html`<ul class="cards">${managed.map(managedGuild)}</ul>`
    : html`<p class="quiet">None. Ask a server's owner for the permission "Manage Server", or make a server of your own.</p>`
}
</section>
${
  others.length > 0 &&
  html`<section aria-labelledby="others">
<h2 id="others">Servers you are in</h2>
<ul class="cards">${others.map((guild) => html`<li><div class="card">${guildHead(guild, "Member")}</div></li>`)}</ul>
</section>`
}
<section aria-labelledby="linked">
<h2 id="linked">Linked role</h2>
<p>Servers can give a role to people who manage servers. Discord needs to hear from us that you do.</p>
<p><a class="button secondary" href="/linked-role">Set up my linked role</a></p>
</section>`;
  return page("Your servers", content, { user, logoutPath: LOGOUT_PATH });
}

/** One server that the visitor manages. `roles` is missing when the bot is not there to ask. */
export function guildPage(
  user: User,
  guild: Guild,
  member: GuildMember,
  roles: readonly APIRole[] | undefined,
): string {
  const names = new Map(roles?.map(({ id, name }) => [id, name]));
  const content = html`<p><a href="/">All servers</a></p>
<div class="title">${icon(guild)}<h1>${guild.name}</h1></div>
<section aria-labelledby="you">
<h2 id="you">You in this server</h2>
<dl>
<dt>Nickname</dt><dd>${member.nick ?? html`<span class="quiet">none, you are ${user.displayName}</span>`}</dd>
<dt>Rank</dt><dd>${rankOf(guild)}</dd>
<dt>Joined</dt><dd>${member.joinedAt ? date(member.joinedAt) : "as a guest"}</dd>
<dt>Roles</dt><dd>${
    member.roles.length > 0
      ? html`<ul class="badges">${member.roles.map((id) => html`<li class="badge">${names.get(id) ?? id}</li>`)}</ul>`
      : html`<span class="quiet">none</span>`
  }</dd>
</dl>
</section>
${
  roles
    ? html`<section aria-labelledby="roles"><h2 id="roles">Roles of the server</h2>
<ul class="badges">${roles.map(({ name }) => html`<li class="badge">${name}</li>`)}</ul></section>`
    : html`<section aria-labelledby="bot"><h2 id="bot">The bot is not here yet</h2>
<p>Without it we know the roles by their numbers alone.</p>
<p><a class="button" href="/guilds/${guild.id}/invite">Add the bot to this server</a></p></section>`
}
<section aria-labelledby="about">
<h2 id="about">About the server</h2>
<dl>
<dt>Made</dt><dd>${date(guild.createdAt)}</dd>
<dt>Id</dt><dd>${guild.id}</dd>
</dl>
</section>`;
  return page(guild.name, content, { user, logoutPath: LOGOUT_PATH });
}

/** What Discord has been told, if anything. */
export function linkedRolePage(user: User, managedServers: string | undefined): string {
  const update = html`<form method="post" action="/linked-role"><button class="button">${
    managedServers === undefined ? "Link my role" : "Update it"
  }</button></form>`;
  const content = html`<p><a href="/">All servers</a></p>
<h1>Linked role</h1>
${
  managedServers === undefined
    ? html`<p>Discord does not know yet how many servers you manage.</p>${update}`
    : html`<p>Discord knows that you manage <strong>${managedServers}</strong> servers.</p>
<div class="row">${update}
<form method="post" action="/linked-role/remove"><button class="button secondary">Remove it</button></form></div>`
}`;
  return page("Linked role", content, { user, logoutPath: LOGOUT_PATH });
}

function managedGuild(guild: Guild): Html {
  return html`<li><a class="card" href="/guilds/${guild.id}">${guildHead(guild, rankOf(guild))}</a></li>`;
}

function guildHead(guild: Guild, rank: string): Html {
  return html`${icon(guild)}<span class="name"><span>${guild.name}</span><small>${rank}</small></span>`;
}

/** The server's icon, else its initials, as Discord does it. The name is beside it, so neither is read out. */
function icon(guild: Guild): Html {
  const url = guild.iconUrlWith({ size: 128 });
  return url
    ? html`<img class="icon" src="${imageSource(url)}" alt="" width="48" height="48">`
    : html`<span class="icon" aria-hidden="true">${initialsOf(guild.name)}</span>`;
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/).map((word) => [...word][0] ?? "");
  return words.join("").slice(0, 3);
}

function rankOf(guild: Guild): string {
  if (guild.isOwner) return "Owner";
  return guild.can("ADMINISTRATOR") ? "Administrator" : "Manager";
}

function date(value: Date): Html {
  const text = value.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  return html`<time datetime="${value.toISOString()}">${text}</time>`;
}
