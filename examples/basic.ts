import { randomBytes } from "node:crypto";
import type { APIDMChannel } from "discord-api-types/v10";
import express, { type Application } from "express";
import {
  DiscordOAuth2Session,
  type DiscordOptions,
  redirectUnauthorized,
  requiresAuthorization,
  requiresGuild,
  userLocals,
} from "express-discord";
import session from "express-session";
import { DASHBOARD_SCOPES, dashboard } from "./dashboard.js";
import {
  connectionsPage,
  guildsPage,
  homePage,
  managersPage,
  profilePage,
  secretPage,
} from "./shared/basic-pages.js";
import { errorPages, NotFound } from "./shared/error-pages.js";
import { notify } from "./shared/notice.js";
import { ownFormsOnly } from "./shared/own-forms.js";
import { PUBLIC_FOLDER, sendPage, visitorOf } from "./shared/page.js";
import { routeCode } from "./shared/route-code.js";
import { isMain, run } from "./shared/run.js";
import { securityHeaders } from "./shared/security-headers.js";

const SCOPES = [...new Set([...DASHBOARD_SCOPES, "identify", "email", "guilds.join", "connections"])];

/** The data that a login was started with. It comes back unchanged. */
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
  Object.assign(app.locals, { loginPath: "/login/", logoutPath: "/logout/" });
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
  app.use(userLocals(), ownFormsOnly);
  const code = routeCode(new URL(import.meta.url));

  app.get("/", async (req, res) => {
    // The start page works for everybody, even if Discord is down or the visitor has not shared their servers.
    const user = visitorOf(res);
    const lists = user
      ? await Promise.allSettled([discord.fetchGuilds(req), discord.fetchConnections(req)])
      : [];
    sendPage(res, homePage({ user, lists, code, guildId, people: app.locals["people"] }));
  });

  app.get("/login/", (req, res) => {
    const { returnTo } = req.query;
    return discord.createSession(req, res, { returnTo: typeof returnTo === "string" ? returnTo : "/" });
  });

  app.get("/login-data/", (req, res) => {
    const data: LoginData = { coupon: "15off", number: 15, zero: 0, status: false };
    return discord.createSession(req, res, { data, returnTo: "/me/" });
  });

  app.get("/callback/", async (req, res) => {
    const login = await discord.callback<LoginData | undefined>(req, res);
    if (!login.replayed) {
      if (login.data) req.session.loginData = login.data;
      if (login.userId) await greet(login.userId);
      if (login.guild) notify(req, `The bot is now in ${login.guild.name}.`);
    }
    res.redirect(login.returnTo ?? "/");
  });

  /** There may be no bot, or the user may not accept messages. The sign-in succeeds anyway. */
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

  app.post("/logout/", async (req, res) => {
    await discord.revoke(req);
    res.redirect(303, "/");
  });

  app.get("/me/", requiresAuthorization, async (req, res) => {
    const user = await discord.fetchUser(req);
    sendPage(res, profilePage(user, req.session.loginData));
  });

  app.get("/me/guilds/", requiresAuthorization, async (req, res) => {
    const guilds = await discord.fetchGuilds(req);
    sendPage(res, guildsPage(guilds));
  });

  app.get("/me/connections/", requiresAuthorization, async (req, res) => {
    const connections = await discord.fetchConnections(req);
    sendPage(res, connectionsPage(connections));
  });

  app.get("/secret/", requiresAuthorization, (_req, res) => {
    const secret = randomBytes(16).toString("hex");
    sendPage(res, secretPage(secret));
  });

  app.get(
    "/managers/:guildId",
    requiresGuild((req) => req.params["guildId"], { permissions: "MANAGE_GUILD" }),
    (req, res) => sendPage(res, managersPage(req.params.guildId)),
  );

  app.get("/invite-bot/", (req, res) =>
    discord.createSession(req, res, {
      scopes: ["bot"],
      permissions: ["VIEW_CHANNEL", "SEND_MESSAGES", "CREATE_INSTANT_INVITE"],
      guildId,
      disableGuildSelect: guildId !== undefined,
    }),
  );

  app.get("/invite-oauth/", (req, res) =>
    discord.createSession(req, res, {
      scopes: ["bot", "identify"],
      permissions: ["VIEW_CHANNEL", "SEND_MESSAGES", "CREATE_INSTANT_INVITE"],
    }),
  );

  app.post("/add_to/:guildId", requiresAuthorization, async (req, res) => {
    // The id comes from the visitor. Without this check, they could join any server that the bot is in.
    if (req.params.guildId !== guildId) throw new NotFound();
    const member = await discord.addToGuild(req, guildId);
    notify(req, member ? "You are a member now." : "You were a member already.");
    res.redirect(303, "/me/guilds/");
  });

  app.use("/dashboard", dashboard(discord));
  app.use((_req, _res, next) => next(new NotFound()));
  app.use(redirectUnauthorized("/login/"), errorPages({ grantPath: "/dashboard/grant" }));
  return app;
}

if (isMain(import.meta.url)) await run(createApp, "/callback");
