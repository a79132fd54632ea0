import { randomBytes } from "node:crypto";
import type { APIDMChannel } from "discord-api-types/v10";
import express, { type Application, type ErrorRequestHandler } from "express";
import {
  DiscordOAuth2Session,
  type DiscordOptions,
  MissingScopes,
  requiresAuthorization,
  Unauthorized,
} from "express-discord";
import session from "express-session";
import { errorPages, NotFound } from "./shared/error-pages.js";
import { html } from "./shared/html.js";
import { avatar, PUBLIC_FOLDER, page } from "./shared/page.js";
import { isMain, run } from "./shared/run.js";
import { securityHeaders } from "./shared/security-headers.js";

const SCOPES = ["identify", "email", "guilds", "guilds.join", "connections"];

/** Whatever a login was started with; it comes back as it was. */
interface LoginData {
  readonly [name: string]: string | number | boolean;
}

declare module "express-session" {
  interface SessionData {
    loginData: LoginData;
  }
}

/** Every feature on a route of its own. `guildId` is the server that the bot is invited to and visitors can join. */
export function createApp(
  options: DiscordOptions = {},
  guildId = process.env["DISCORD_GUILD_ID"] || undefined,
): Application {
  const app = express();
  app.use(securityHeaders(options.discordUrl), express.static(PUBLIC_FOLDER));
  app.use(
    session({
      secret: process.env["SESSION_SECRET"] || randomBytes(32).toString("hex"),
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: "lax", secure: "auto" },
    }),
  );
  const discord = new DiscordOAuth2Session(app, { scopes: SCOPES, ...options });

  app.get("/", async (req, res) => {
    const content = (await discord.isAuthorized(req))
      ? html`<h1>You are signed in</h1>
<nav aria-label="Pages"><ul class="links">
<li><a href="/me/">Who I am</a></li>
<li><a href="/me/guilds/">My servers</a></li>
<li><a href="/me/connections/">My connections</a></li>
<li><a href="/secret/">A secret</a></li>
</ul></nav>
<div class="row">
${guildId && html`<form method="post" action="/add_to/${guildId}"><button>Add me to server ${guildId}</button></form>`}
<form method="post" action="/logout/"><button class="button secondary">Sign out</button></form>
</div>`
      : html`<h1>Sign in with Discord</h1>
<nav aria-label="Ways to sign in"><ul class="links">
<li><a href="/login/">Sign in</a></li>
<li><a href="/login-data/">Sign in and bring some data back</a></li>
<li><a href="/invite-bot/">Invite the bot as an administrator</a></li>
<li><a href="/invite-oauth/">Invite the bot and sign in</a></li>
</ul></nav>`;
    res.send(page("Sample app", content));
  });

  app.get("/login/", (req, res) => discord.createSession(req, res));

  app.get("/login-data/", (req, res) => {
    const data: LoginData = { coupon: "15off", number: 15, zero: 0, status: false };
    return discord.createSession(req, res, { data, returnTo: "/me/" });
  });

  app.get("/invite-bot/", (req, res) =>
    discord.createSession(req, res, {
      scopes: ["bot"],
      permissions: "ADMINISTRATOR",
      guildId,
      disableGuildSelect: guildId !== undefined,
    }),
  );

  app.get("/invite-oauth/", (req, res) =>
    discord.createSession(req, res, { scopes: ["bot", "identify"], permissions: "ADMINISTRATOR" }),
  );

  app.get("/callback/", async (req, res) => {
    const login = await discord.callback<LoginData | undefined>(req, res);
    if (!login.replayed) {
      if (login.data) req.session.loginData = login.data;
      if (login.userId) await greet(login.userId);
    }
    res.redirect(login.returnTo ?? "/");
  });

  /** A greeting that fails is no reason to refuse the login: there may be no bot, or the user takes no messages. */
  async function greet(userId: string): Promise<void> {
    try {
      const channel = await discord.botRequest<APIDMChannel>("/users/@me/channels", {
        method: "POST",
        json: { recipient_id: userId },
      });
      await discord.botRequest(`/channels/${channel.id}/messages`, {
        method: "POST",
        json: { content: "Welcome! You have just signed in to the sample app." },
      });
    } catch (error) {
      console.warn(`No greeting for ${userId}: ${(error as Error).message}`);
    }
  }

  app.get("/me/", requiresAuthorization, async (req, res) => {
    const user = await discord.fetchUser(req);
    const data = Object.entries(req.session.loginData ?? {});
    const content = html`<h1>${avatar(user, 128)} ${user.displayName}</h1>
<dl>
<dt>Name</dt><dd>${user.tag}</dd>
<dt>Id</dt><dd>${user.id}</dd>
<dt>E-mail</dt><dd>${user.email ?? "not told"}</dd>
<dt>Since</dt><dd>${user.createdAt.toDateString()}</dd>
</dl>
${
  data.length > 0 &&
  html`<section aria-labelledby="data">
<h2 id="data">Brought back by the login</h2>
<dl>${data.map(([name, value]) => html`<dt>${name}</dt><dd>${JSON.stringify(value)}</dd>`)}</dl>
</section>`
}`;
    res.send(page("Who I am", content));
  });

  app.get("/me/guilds/", requiresAuthorization, async (req, res) => {
    const guilds = await discord.fetchGuilds(req);
    const items = guilds.map(
      (guild) =>
        html`<li>${guild.name} ${guild.can("ADMINISTRATOR") && html`<span class="badge">Admin</span>`}</li>`,
    );
    res.send(page("My servers", html`<h1>My servers</h1><ul class="list">${items}</ul>`));
  });

  app.post("/add_to/:guildId", requiresAuthorization, async (req, res) => {
    const member = await discord.addToGuild(req, req.params.guildId);
    const outcome = member ? "You are a member now" : "You were a member already";
    res.send(page(outcome, html`<h1>${outcome}</h1><p><a href="/me/guilds/">My servers</a></p>`));
  });

  app.get("/me/connections/", requiresAuthorization, async (req, res) => {
    const connections = await discord.fetchConnections(req);
    const items = connections.map(
      ({ name, type, verified }) =>
        html`<li>${name} <span class="quiet">at ${type}</span> ${verified && html`<span class="badge">Verified</span>`}</li>`,
    );
    res.send(page("My connections", html`<h1>My connections</h1><ul class="list">${items}</ul>`));
  });

  app.post("/logout/", async (req, res) => {
    await discord.revoke(req);
    res.redirect(303, "/");
  });

  app.get("/secret/", requiresAuthorization, (_req, res) => {
    const secret = randomBytes(16).toString("hex");
    res.send(page("A secret", html`<h1>A secret</h1><p><code>${secret}</code></p>`));
  });

  const toLogin: ErrorRequestHandler = (error, _req, res, next) => {
    if (error instanceof Unauthorized || error instanceof MissingScopes) res.redirect("/login/");
    else next(error);
  };
  app.use((_req, _res, next) => next(new NotFound()));
  app.use(toLogin, errorPages({ loginPath: "/login/" }));
  return app;
}

if (isMain(import.meta.url)) await run(createApp, "/callback");
