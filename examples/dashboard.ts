import { randomBytes } from "node:crypto";
import type { APIRole } from "discord-api-types/v10";
import express, { type Application } from "express";
import {
  DiscordOAuth2Session,
  type DiscordOptions,
  discordRouter,
  HttpException,
  type RoleConnectionMetadata,
  redirectUnauthorized,
  requiresAuthorization,
  requiresGuild,
  requiresScopes,
} from "express-discord";
import session from "express-session";
import { guildListPage, guildPage, linkedRolePage, welcomePage } from "./dashboard-pages.js";
import { errorPages, NotFound } from "./shared/error-pages.js";
import { PUBLIC_FOLDER } from "./shared/page.js";
import { isMain, run } from "./shared/run.js";
import { securityHeaders } from "./shared/security-headers.js";

/** What everybody is asked for; the rest is asked for where it is needed. */
const SCOPES = ["identify", "guilds", "guilds.members.read"];
const SCOPES_ON_DEMAND = ["role_connections.write"];

/** Servers can give a role to whoever manages a certain number of servers. */
const MANAGED_SERVERS: RoleConnectionMetadata = {
  key: "managed_servers",
  name: "Managed servers",
  description: "How many servers somebody manages, at least",
  type: 2,
};

/** A server dashboard: the visitor's servers, and a page for each one that they manage. */
export function createApp(options: DiscordOptions = {}): Application {
  const app = express();
  app.use(securityHeaders(options.discordUrl), express.static(PUBLIC_FOLDER));
  app.use(
    session({
      secret: process.env["SESSION_SECRET"] || randomBytes(32).toString("hex"),
      resave: false,
      saveUninitialized: false,
      // "lax" keeps other sites from sending this app's forms in the visitor's name.
      cookie: { sameSite: "lax", secure: "auto" },
    }),
  );
  const discord = new DiscordOAuth2Session(app, { scopes: SCOPES, ...options });
  app.use("/auth", discordRouter());

  app.get("/", async (req, res) => {
    if (!(await discord.isAuthorized(req))) {
      res.send(welcomePage());
      return;
    }
    const [user, guilds] = await Promise.all([discord.fetchUser(req), discord.fetchGuilds(req)]);
    res.send(guildListPage(user, guilds));
  });

  const requiresManager = requiresGuild((req) => req.params["guildId"], { permissions: "MANAGE_GUILD" });

  app.get("/guilds/:guildId", requiresManager, async (req, res) => {
    const { guildId } = req.params;
    const [user, guilds, member, roles] = await Promise.all([
      discord.fetchUser(req),
      discord.fetchGuilds(req),
      discord.fetchMember(req, guildId),
      fetchRoles(guildId),
    ]);
    const guild = guilds.find(({ id }) => id === guildId);
    if (!guild) throw new NotFound();
    res.send(guildPage(user, guild, member, roles));
  });

  /** @returns nothing when there is no bot in the guild */
  async function fetchRoles(guildId: string): Promise<readonly APIRole[] | undefined> {
    try {
      return await discord.botRequest<APIRole[]>(`/guilds/${guildId}/roles`);
    } catch (error) {
      if (error instanceof HttpException && (error.code === "bot_token_missing" || isStranger(error)))
        return undefined;
      throw error;
    }
  }

  app.get("/guilds/:guildId/invite", requiresManager, (req, res) =>
    discord.createSession(req, res, {
      scopes: ["bot"],
      incremental: true,
      permissions: ["VIEW_CHANNEL", "SEND_MESSAGES"],
      guildId: req.params.guildId,
      disableGuildSelect: true,
      returnTo: `/guilds/${req.params.guildId}`,
    }),
  );

  const requiresLinking = requiresScopes("role_connections.write");

  app.get("/linked-role", requiresLinking, async (req, res) => {
    const [user, connection] = await Promise.all([discord.fetchUser(req), discord.fetchRoleConnection(req)]);
    res.send(linkedRolePage(user, connection.metadata[MANAGED_SERVERS.key]));
  });

  app.post("/linked-role", requiresLinking, async (req, res) => {
    const [user, guilds] = await Promise.all([discord.fetchUser(req), discord.fetchGuilds(req)]);
    await registerMetadata();
    await discord.updateRoleConnection(req, {
      platformName: "Sample app",
      platformUsername: user.displayName,
      metadata: { [MANAGED_SERVERS.key]: guilds.filter((guild) => guild.can("MANAGE_GUILD")).length },
    });
    res.redirect(303, "/linked-role");
  });

  app.post("/linked-role/remove", requiresLinking, async (req, res) => {
    await discord.deleteRoleConnection(req);
    res.redirect(303, "/linked-role");
  });

  /** Discord has to know the metadata before the first link: once is enough. */
  let registration: Promise<unknown> | undefined;
  async function registerMetadata(): Promise<void> {
    registration ??= discord.registerRoleConnectionMetadata([MANAGED_SERVERS]);
    await registration.catch((error: unknown) => {
      registration = undefined;
      throw error;
    });
  }

  /** The error page of a missing scope leads here, and Discord leads back to where the visitor was. */
  app.get("/grant", requiresAuthorization, (req, res) => {
    const { searchParams } = new URL(req.originalUrl, "http://localhost");
    const wanted = searchParams.get("scopes")?.split(" ") ?? [];
    return discord.createSession(req, res, {
      scopes: [...SCOPES, ...SCOPES_ON_DEMAND].filter((scope) => wanted.includes(scope)),
      incremental: true,
      returnTo: searchParams.get("returnTo") ?? "/",
    });
  });

  app.use((_req, _res, next) => next(new NotFound()));
  app.use(redirectUnauthorized("/auth/login"), errorPages({ loginPath: "/auth/login", grantPath: "/grant" }));
  return app;
}

/** Whether Discord says that the bot is not in the guild. */
function isStranger({ status }: HttpException): boolean {
  return status === 403 || status === 404;
}

if (isMain(import.meta.url)) await run(createApp, "/auth/callback");
