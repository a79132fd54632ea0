import type { Guild, User, UserConnection } from "express-discord";
import { cast } from "./cast.js";
import { guildIcon } from "./guild-icon.js";
import { type Html, html } from "./html.js";
import { avatar, type Page } from "./page.js";
import { highlight } from "./route-code.js";
import type { Person } from "./sample-discord.js";
import { count, date, nameHint } from "./words.js";

/** What the start page shows. */
export interface Home {
  readonly user: User | undefined;
  /** The visitor's servers and connections, if they could be fetched. */
  readonly lists: readonly PromiseSettledResult<readonly unknown[]>[];
  readonly code: ReadonlyMap<string, string>;
  readonly guildId: string | undefined;
  /** The users of the simulated Discord. */
  readonly people: readonly Person[] | undefined;
}

interface Feature {
  readonly route: string;
  readonly title: string;
  readonly text: string;
  /** The text of the button. Without one, visitors do not open the route themselves. */
  readonly button?: string;
}

/** The routes of the app, as the start page explains them. */
export const FEATURES: Readonly<Record<string, readonly Feature[]>> = {
  "Sign in and out": [
    {
      route: "GET /login/",
      title: "Sign in",
      text: "Sends the visitor to Discord. Each login has an encrypted cookie of its own, so any number of tabs can sign in side by side.",
      button: "Sign in with Discord",
    },
    {
      route: "GET /callback/",
      title: "Come back",
      text: "Discord sends the visitor back here. One call does the rest: a new session, encrypted tokens, the user. Reloads and double clicks do no harm.",
    },
    {
      route: "GET /login-data/",
      title: "Bring data back",
      text: "Data that you pass to a login comes back with the visitor, and never appears in a URL.",
      button: "Sign in with a coupon",
    },
    {
      route: "POST /logout/",
      title: "Sign out",
      text: "Ends the sign-in for good. A slow request cannot restore it.",
      button: "Sign out",
    },
  ],
  "Know your visitor": [
    {
      route: "GET /me/",
      title: "Who I am",
      text: "The guard sends visitors who are not signed in to the login, which brings them back here.",
      button: "Open my profile",
    },
    {
      route: "GET /me/guilds/",
      title: "My servers",
      text: "Cached. If many requests arrive at once, the list is fetched once.",
      button: "Open my servers",
    },
    {
      route: "GET /me/connections/",
      title: "My connections",
      text: "The accounts on other sites that the visitor has linked to Discord.",
      button: "Open my connections",
    },
    {
      route: "GET /secret/",
      title: "A private page",
      text: "One word protects any route.",
      button: "Open the secret",
    },
    {
      route: "GET /managers/:guildId",
      title: "A page for managers",
      text: "Checks what the visitor may do in a server, with data that is at most a minute old. Others see why they cannot open it.",
      button: "Open the managers' page",
    },
  ],
  "Bring your bot": [
    {
      route: "GET /invite-bot/",
      title: "Invite the bot",
      text: "Adds the bot to one server, with the permissions you choose. Visitors who are signed in stay signed in.",
      button: "Invite the bot",
    },
    {
      route: "GET /invite-oauth/",
      title: "Invite it and sign in",
      text: "Both in one step: the visitor chooses the server.",
      button: "Invite and sign in",
    },
    {
      route: "POST /add_to/:guildId",
      title: "Join a server",
      text: "The bot adds the visitor to your server, and to no other.",
      button: "Join the server",
    },
  ],
};

/** The start page: what this app is, and all of its routes with their code. */
export function homePage({ user, lists, code, guildId, people }: Home): Page {
  const [guilds, connections] = lists.map((one) => (one.status === "fulfilled" ? one.value : undefined));
  const content = html`<div class="hero">
<div>
${
  user
    ? html`<h1>Hello, ${user.displayName}</h1>${nameHint(user.displayName)}
<p class="lead">You are signed in, so everything below works now.</p>
<ul class="counts">
${guilds && html`<li><a href="/me/guilds/">${count(guilds.length, "server")}</a></li>`}
${connections && html`<li><a href="/me/connections/">${count(connections.length, "connection")}</a></li>`}
</ul>
<p class="row"><a class="button" href="/dashboard">Open the dashboard</a>
<a class="button secondary" href="#routes">See the code</a></p>`
    : html`<h1>Discord sign‑in for Express</h1>
<p class="lead">A sample app for express-discord. It signs visitors in, reads their servers, checks their rights and invites a bot. Each of its routes is below, next to its code.</p>
<p class="row"><a class="button" href="/login/">Sign in with Discord</a>
<a class="button secondary" href="#routes">See the code</a></p>`
}
</div>
${user ? html`<div class="portrait">${avatar(user, 256)}</div>` : people && cast(people)}
</div>
<section class="banner" aria-labelledby="dashboard">
<div><h2 id="dashboard">A dashboard to start from</h2>
<p>The servers a visitor manages, a button to add the bot, and a setting to edit: <code>examples/dashboard.ts</code>.</p></div>
${!user && html`<a class="button secondary" href="/dashboard">Open the dashboard</a>`}
</section>
<div id="routes">
${Object.entries(FEATURES).map(
  ([title, features]) => html`<section class="features"><h2>${title}</h2>
${features.map((one) => feature(one, code.get(one.route) ?? "", { user, guildId }))}</section>`,
)}
</div>`;
  return { title: "Sample app", content };
}

function feature(
  { route, title, text, button }: Feature,
  code: string,
  { user, guildId }: Pick<Home, "user" | "guildId">,
): Html {
  const [method = "", path = ""] = route.split(" ");
  const target = path.replace(":guildId", guildId ?? "");
  const isOpen = button !== undefined && !(path.includes(":guildId") && guildId === undefined);
  return html`<article class="feature">
<div><h3>${title}</h3><p>${text}</p>
${isOpen && (method === "GET" ? html`<a class="button secondary" href="${target}">${button}</a>` : user ? html`<form method="post" action="${target}"><button class="button secondary">${button}</button></form>` : html`<p class="quiet">Sign in to try it.</p>`)}
</div>
<figure><figcaption><b>${method}</b> ${path}</figcaption>
<pre tabindex="0" aria-label="Code of ${route}"><code>${highlight(code)}</code></pre></figure>
</article>`;
}

/** The page about the visitor. */
export function profilePage(user: User, loginData: Readonly<Record<string, unknown>> = {}): Page {
  const data = Object.entries(loginData);
  const content = html`<div class="title">${avatar(user, 256)}<div><h1>${user.displayName}</h1>${nameHint(user.displayName)}</div></div>
<dl>
<dt>Username</dt><dd>${user.tag}</dd>
<dt>Id</dt><dd>${user.id}</dd>
<dt>E-mail</dt><dd>${user.email ?? html`<span class="quiet">not shared</span>`}</dd>
<dt>On Discord since</dt><dd>${date(user.createdAt)}</dd>
</dl>
${
  data.length > 0 &&
  html`<section aria-labelledby="data">
<h2 id="data">Data from the login</h2>
<dl>${data.map(([name, value]) => html`<dt>${name}</dt><dd>${JSON.stringify(value)}</dd>`)}</dl>
</section>`
}`;
  return { title: "Who I am", content };
}

/** The page with the visitor's servers. */
export function guildsPage(guilds: readonly Guild[]): Page {
  const items = guilds.map(
    (guild) => html`<li>${guildIcon(guild)}<span class="name">${guild.name}${nameHint(guild.name)}</span>
${guild.can("ADMINISTRATOR") && html`<span class="badge">Admin</span>`}</li>`,
  );
  const content = html`<h1>My servers</h1>
<p>You are in ${count(guilds.length, "server")}. Open the <a href="/dashboard">dashboard</a> to manage the ones you run.</p>
${items.length > 0 && html`<ul class="list">${items}</ul>`}`;
  return { title: "My servers", content };
}

/** The page with the visitor's accounts on other sites. */
export function connectionsPage(connections: readonly UserConnection[]): Page {
  const items = connections.map(
    ({ name, type, verified }) => html`<li><span class="name">${name} <small>on ${type}</small></span>
${verified && html`<span class="badge">Verified</span>`}</li>`,
  );
  const content = html`<h1>My connections</h1>
<p>You have linked ${count(connections.length, "account")} on other sites to Discord.</p>
${items.length > 0 && html`<ul class="list">${items}</ul>`}`;
  return { title: "My connections", content };
}

/** A page that only signed-in visitors see. */
export function secretPage(secret: string): Page {
  const content = html`<h1>A private page</h1>
<p>Nobody gets here without signing in. Today's secret:</p>
<p class="secret"><code>${secret}</code></p>`;
  return { title: "A private page", content };
}

/** A page that only people who manage a server see. */
export function managersPage(guildId: string): Page {
  const content = html`<h1>A page for managers</h1>
<p>You may manage this server, so the guard let you in. Other visitors are told that they cannot open this page.</p>
<p><a class="button" href="/dashboard/guilds/${guildId}">Open its settings</a></p>`;
  return { title: "A page for managers", content };
}
