import { randomBytes } from "node:crypto";
import type { APIChannel, APIRole } from "discord-api-types/v10";
import express, { type Application, type Request, Router } from "express";
import {
  DiscordOAuth2Session,
  type DiscordOptions,
  discordRouter,
  type Guild,
  type RoleConnectionMetadata,
  redirectUnauthorized,
  requiresAuthorization,
  requiresGuild,
  requiresScopes,
  userLocals,
} from "express-discord";
import session from "express-session";
import {
  type GuildView,
  guildListPage,
  guildPage,
  inviteFirstPage,
  linkedRolePage,
  welcomePage,
} from "./shared/dashboard-pages.js";
import { errorPages, NotFound } from "./shared/error-pages.js";
import { type Greeting, readGreeting, textChannels } from "./shared/greeting.js";
import { notify } from "./shared/notice.js";
import { ownFormsOnly } from "./shared/own-forms.js";
import { PUBLIC_FOLDER, sendPage, visitorOf } from "./shared/page.js";
import { isMain, run } from "./shared/run.js";
import { securityHeaders } from "./shared/security-headers.js";

/** The scopes that every login asks for. Other scopes are requested where they are needed. */
export const DASHBOARD_SCOPES = ["identify", "guilds"];
const GRANTABLE_SCOPES = [...DASHBOARD_SCOPES, "connections", "guilds.join", "role_connections.write"];

const readForm = express.urlencoded({ extended: false });

/** Servers can give a role to people who manage a certain number of servers. */
const MANAGED_SERVERS: RoleConnectionMetadata = {
  key: "managed_servers",
  name: "Managed servers",
  description: "How many servers somebody manages, at least",
  type: 2,
};

/** The dashboard, for an app of your own: `app.use("/dashboard", dashboard(discord))`. */
export function dashboard(discord: DiscordOAuth2Session): Router {
  const router = Router();
  /** By server. Replace it with your database: this map is lost when the process ends. */
  const greetings = new Map<string, Greeting>();

  router.get("/", requiresAuthorization, async (req, res) => {
    const guilds = await discord.fetchGuilds(req, { withBot: true });
    sendPage(res, guildListPage(guilds));
  });

  const requiresManager = requiresGuild((req) => req.params["guildId"], { permissions: "MANAGE_GUILD" });

  router.get("/guilds/:guildId", requiresManager, async (req, res) => {
    const guild = await findGuild(req, req.params.guildId);
    sendPage(res, guild.hasBot ? guildPage(await fetchView(req, guild)) : inviteFirstPage(guild));
  });

  router.post("/guilds/:guildId/greeting", requiresManager, readForm, async (req, res) => {
    const guild = await findGuild(req, req.params.guildId);
    const view = await fetchView(req, guild);
    const { greeting, problem } = readGreeting(req.body, view.channels);
    if (problem !== undefined) {
      sendPage(res.status(400), guildPage({ ...view, greeting, problem }));
      return;
    }
    greetings.set(guild.id, greeting);
    notify(req, "Your greeting is saved.");
    res.redirect(303, `/dashboard/guilds/${guild.id}`);
  });

  router.post("/guilds/:guildId/greeting/send", requiresManager, async (req, res) => {
    const { guildId } = req.params;
    const greeting = greetings.get(guildId);
    if (!greeting) throw new NotFound();
    await discord.botRequest(`/channels/${greeting.channelId}/messages`, {
      method: "POST",
      json: { content: greeting.text, allowed_mentions: { parse: [] } },
    });
    notify(req, "The bot has posted your greeting.");
    res.redirect(303, `/dashboard/guilds/${guildId}`);
  });

  router.get("/guilds/:guildId/invite", requiresManager, (req, res) =>
    discord.createSession(req, res, {
      scopes: ["bot"],
      permissions: ["VIEW_CHANNEL", "SEND_MESSAGES"],
      guildId: req.params.guildId,
      disableGuildSelect: true,
      returnTo: `/dashboard/guilds/${req.params.guildId}`,
    }),
  );

  async function findGuild(req: Request, guildId: string): Promise<Guild> {
    const guilds = await discord.fetchGuilds(req, { withBot: true });
    const guild = guilds.find(({ id }) => id === guildId);
    if (!guild) throw new NotFound();
    return guild;
  }

  /** Fetches what the page of a server shows. The bot looks it up, so visitors grant no further scopes. */
  async function fetchView(req: Request, guild: Guild): Promise<GuildView> {
    const [member, roles, channels] = await Promise.all([
      discord.fetchMember(req, guild.id, { as: "bot" }),
      discord.botRequest<APIRole[]>(`/guilds/${guild.id}/roles`),
      discord.botRequest<APIChannel[]>(`/guilds/${guild.id}/channels`),
    ]);
    return { guild, member, roles, channels: textChannels(channels), greeting: greetings.get(guild.id) };
  }

  const requiresLinking = requiresScopes("role_connections.write");

  router.get("/linked-role", requiresLinking, async (req, res) => {
    const connection = await discord.fetchRoleConnection(req);
    sendPage(res, linkedRolePage(connection.metadata[MANAGED_SERVERS.key]));
  });

  router.post("/linked-role", requiresLinking, async (req, res) => {
    const [user, guilds] = await Promise.all([discord.fetchUser(req), discord.fetchGuilds(req)]);
    await registerMetadata();
    await discord.updateRoleConnection(req, {
      platformName: "Sample app",
      platformUsername: user.displayName,
      metadata: { [MANAGED_SERVERS.key]: guilds.filter((guild) => guild.can("MANAGE_GUILD")).length },
    });
    notify(req, "Your role is linked.");
    res.redirect(303, "/dashboard/linked-role");
  });

  router.post("/linked-role/remove", requiresLinking, async (req, res) => {
    await discord.deleteRoleConnection(req);
    notify(req, "Your role is no longer linked.");
    res.redirect(303, "/dashboard/linked-role");
  });

  /** Discord must know the metadata before the first link. Registering it once is enough. */
  let registration: Promise<unknown> | undefined;
  async function registerMetadata(): Promise<void> {
    registration ??= discord.registerRoleConnectionMetadata([MANAGED_SERVERS]);
    await registration.catch((error: unknown) => {
      registration = undefined;
      throw error;
    });
  }

  /** The error page for a missing scope links here, and Discord sends the visitor back to the page they wanted. */
  router.get("/grant", requiresAuthorization, (req, res) => {
    const { searchParams } = new URL(req.originalUrl, "http://localhost");
    const wanted = searchParams.get("scopes")?.split(" ") ?? [];
    const scopes = GRANTABLE_SCOPES.filter((scope) => wanted.includes(scope));
    if (scopes.length === 0) throw new NotFound();
    return discord.createSession(req, res, {
      scopes,
      incremental: true,
      returnTo: searchParams.get("returnTo") ?? "/dashboard",
    });
  });

  return router;
}

/** Creates a complete app around the dashboard. */
export function createApp(options: DiscordOptions = {}): Application {
  const app = express();
  Object.assign(app.locals, { loginPath: "/auth/login", logoutPath: "/auth/logout", homePath: "/dashboard" });
  app.use(securityHeaders(options.discordUrl), express.static(PUBLIC_FOLDER));
  app.use(
    session({
      secret: process.env["SESSION_SECRET"] || randomBytes(32).toString("hex"),
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: "lax", secure: "auto" },
    }),
  );
  const discord = new DiscordOAuth2Session(app, { scopes: DASHBOARD_SCOPES, ...options });
  app.use(userLocals(), ownFormsOnly);
  app.use(
    "/auth",
    discordRouter({
      afterLogin: "/dashboard",
      onLogin: (req, { guild }) => {
        if (guild) notify(req, `The bot is now in ${guild.name}.`);
      },
    }),
  );
  app.get("/", (_req, res) => {
    if (visitorOf(res)) res.redirect("/dashboard");
    else sendPage(res, welcomePage(app.locals["people"]));
  });
  app.use("/dashboard", dashboard(discord));
  app.use((_req, _res, next) => next(new NotFound()));
  app.use(redirectUnauthorized("/auth/login"), errorPages({ grantPath: "/dashboard/grant" }));
  return app;
}

if (isMain(import.meta.url)) await run(createApp, "/auth/callback");
