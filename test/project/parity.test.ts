import type { IncomingMessage } from "node:http";
import { inspect } from "node:util";
import type { APIUser } from "discord-api-types/v10";
import type { Application, Request } from "express";
import { LRUCache } from "lru-cache";
import { describe, expect, it, onTestFinished } from "vitest";
import * as library from "../../src/index.js";
import {
  AccessDenied,
  Bot,
  DiscordOAuth2Session,
  type DiscordOptions,
  Guild,
  HttpException,
  Integration,
  type LoginOptions,
  type LoginResult,
  Permissions,
  RateLimited,
  type Token,
  Unauthorized,
  User,
  UserConnection,
} from "../../src/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { beginLogin, lastError, openLogin, signedInAs } from "../support/login.js";
import { startProxy } from "../support/proxy.js";
import { refreshesAt } from "../support/signed-in.js";
import { startStory } from "./parity/story.js";
import "./parity/flaws.js";

const REQUIRED = { clientId: "42", clientSecret: "client-secret", redirectUri: "http://localhost/callback" };
const PAYLOAD = {
  id: "80351110224678912",
  username: "nelly",
  discriminator: "1337",
  avatar: "8342729096ea3675442027381ff50dfe",
  bot: false,
  mfa_enabled: true,
  locale: "en-US",
  verified: true,
  email: "nelly@example.org",
  flags: 64,
  premium_type: 1,
  from_the_future: { kept: true },
} as unknown as APIUser;

function withEnvironment(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    process.env[name] = value;
    onTestFinished(() => void delete process.env[name]);
  }
}

describe.each(LATEST_EXPRESS)("Flask-Discord's features on %s", (_name, createApp) => {
  const create = (app: Application, options: DiscordOptions = REQUIRED) =>
    new DiscordOAuth2Session(app, options);

  async function authorizeQuery(options: LoginOptions): Promise<URLSearchParams> {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: options });
    return new URL(await beginLogin(app.browser())).searchParams;
  }

  async function refusalOf(options: object): Promise<unknown> {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: options });
    expect((await app.browser().get("/login")).location).toBeUndefined();
    return lastError(app);
  }

  it("1. the package exports the session, the guard, the errors, the models and the permissions", () => {
    expect(library).toMatchObject({
      DiscordOAuth2Session: expect.any(Function),
      requiresAuthorization: expect.any(Function),
      HttpException: expect.any(Function),
      RateLimited: expect.any(Function),
      Unauthorized: expect.any(Function),
      AccessDenied: expect.any(Function),
      User: expect.any(Function),
      Bot: expect.any(Function),
      Guild: expect.any(Function),
      UserConnection: expect.any(Function),
      Integration: expect.any(Function),
      Permissions: expect.any(Function),
    });
  });

  it("2. an instance takes the app at once or later by init, and reads no settings before", () => {
    const app = createApp();
    expect(create(app).clientId).toBe("42");

    const later = new DiscordOAuth2Session({ clientId: "no id" });
    expect(() => later.clientId).toThrow(/discord\.init\(app\)/);
    expect(() => later.init(createApp())).toThrow(TypeError);
    expect(new DiscordOAuth2Session(REQUIRED).init(createApp()).clientId).toBe("42");
  });

  it("3. an option takes precedence over the app's setting, and that over the environment", () => {
    withEnvironment({
      DISCORD_CLIENT_ID: "1",
      DISCORD_CLIENT_SECRET: "environment",
      DISCORD_REDIRECT_URI: "http://localhost/environment",
    });
    const app = createApp();
    app.set("DISCORD_CLIENT_ID", "2").set("DISCORD_REDIRECT_URI", "http://localhost/setting");

    const discord = create(app, { clientId: "3" });

    expect([discord.clientId, discord.redirectUri]).toEqual(["3", "http://localhost/setting"]);
  });

  it("4. init throws one error that names every required option that is missing", () => {
    for (const name of ["DISCORD_CLIENT_ID", "DISCORD_CLIENT_SECRET", "DISCORD_REDIRECT_URI"])
      expect(() => create(createApp(), {})).toThrow(name);
  });

  it("5. the option for the users' cache must be a cache, and there is one by default", () => {
    const usersCache = new LRUCache<string, User>({ max: 5 });

    expect(create(createApp(), { ...REQUIRED, usersCache }).usersCache).toBe(usersCache);
    expect(() => create(createApp(), { ...REQUIRED, usersCache: 5 as never })).toThrow(/usersCache/);
    expect(create(createApp()).usersCache.max).toBe(1000);
    const app = createApp();
    app.set("DISCORD_USERS_CACHE_MAX_LIMIT", "7");
    expect(create(app).usersCache.max).toBe(7);
  });

  it("6. the instance is found through the app, which can have only one", () => {
    const app = createApp();
    const discord = create(app);

    expect(app.get("discord")).toBe(discord);
    expect(discord.init(app)).toBe(discord);
    expect(() => create(app)).toThrow(/already/);
  });

  it("7. the instance shows client id, redirect URI and cache, but neither client secret nor bot token", () => {
    const discord = create(createApp(), { ...REQUIRED, botToken: "bot-token" });

    expect(discord).toMatchObject({ clientId: "42", redirectUri: "http://localhost/callback" });
    expect(discord.usersCache).toBeInstanceOf(LRUCache);
    const shown = inspect(discord, { depth: 10, showHidden: true }) + JSON.stringify(discord);
    expect(shown).not.toMatch(/client-secret|bot-token/);
  });

  it("8. this library uses one key of the session", async () => {
    const { run } = await startStory(createApp);

    expect(await run((req) => Object.keys(req.session).filter((key) => key !== "cookie"))).toEqual([
      "discord",
    ]);
  });

  it("9. a login asks for the scopes of its call, or for those of the configuration", async () => {
    expect((await authorizeQuery({ scopes: ["identify", "email"] })).get("scope")).toBe("identify email");
    expect((await authorizeQuery({})).get("scope")).toBe("identify");
  });

  it("10. a login can ask for any scope that Discord knows, including new ones", async () => {
    const scopes =
      "bot connections email identify guilds guilds.join gdm.join messages.read rpc webhook.incoming";

    const query = await authorizeQuery({ scopes: [...scopes.split(" "), "scope.of.tomorrow"] });

    expect(query.get("scope")).toBe(`${scopes} scope.of.tomorrow`);
  });

  it("11. a login sends prompt=consent or none, and refuses none with bot and webhook.incoming", async () => {
    expect((await authorizeQuery({})).get("prompt")).toBe("consent");
    expect((await authorizeQuery({ prompt: false })).get("prompt")).toBe("none");
    for (const scope of ["bot", "webhook.incoming"])
      expect(await refusalOf({ prompt: false, scopes: [scope] })).toBeInstanceOf(TypeError);
  });

  it("12. a login carries the caller's data", async () => {
    const data = { plan: "gold", count: 3 };
    const { app, simulator } = await startStory(createApp, { login: { data } });

    const answer = await app.browser().signIn("/login", { user: simulator.addUser() });

    expect(answer.json<LoginResult>().data).toEqual({ plan: "gold", count: 3 });
  });

  it("13. a login sends a state, and is found by it at the callback", async () => {
    const { app, browser, simulator, user } = await startStory(createApp);
    const first = await openLogin(browser, simulator, user);
    const second = await openLogin(browser, simulator, user);

    expect(first.state).not.toBe(second.state);
    expect((await browser.get(first.callbackUrl)).status).toBe(200);
    expect((await browser.get(second.callbackUrl.replace(second.state, "made-up"))).status).toBe(400);
    expect(lastError(app)).toMatchObject({ code: "flow_unknown" });
  });

  it("14. a login with the scope bot sends permissions and a fixed guild", async () => {
    const scopes = ["bot"];
    const asked = async (permissions: LoginOptions["permissions"]) =>
      (await authorizeQuery({ scopes, permissions })).get("permissions");

    expect([await asked(8), await asked(new Permissions(8)), await asked(undefined)]).toEqual([
      "8",
      "8",
      "0",
    ]);
    for (const [given, sent] of [
      [true, "true"],
      [false, "false"],
    ] as const) {
      const query = await authorizeQuery({ scopes, disableGuildSelect: given });
      expect(query.get("disable_guild_select")).toBe(sent);
    }
    expect(await refusalOf({ scopes, permissions: {} })).toBeInstanceOf(TypeError);
  });

  it("15. a login without the scope bot sends no permissions, and disable_guild_select as Discord expects it", async () => {
    const query = await authorizeQuery({ permissions: 8, disableGuildSelect: true });

    expect([query.get("permissions"), query.get("disable_guild_select")]).toEqual([null, "true"]);
  });

  it("16. a login can append parameters", async () => {
    const query = await authorizeQuery({
      scopes: ["bot"],
      guildId: "1100000000000000001",
      params: { locale: "de" },
    });

    expect([query.get("guild_id"), query.get("locale")]).toEqual(["1100000000000000001", "de"]);
  });

  it("17. a login redirects to Discord's authorization page", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: { scopes: ["identify", "guilds"] } });

    const answer = await app.browser().get("/login");

    const url = new URL(answer.location ?? "");
    expect([answer.status, url.origin + url.pathname]).toEqual([302, `${simulator.url}/oauth2/authorize`]);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: "code",
      client_id: simulator.options.clientId,
      redirect_uri: `${app.url}/callback`,
      scope: "identify guilds",
      state: expect.stringMatching(/^[\w-]{32}$/),
      prompt: "consent",
    });
  });

  it("18. the callback distinguishes Cancel from every other error", async () => {
    const { app, browser, simulator, user } = await startStory(createApp);

    await browser.get(await simulator.cancel(await beginLogin(browser), { user }));
    expect(lastError(app)).toBeInstanceOf(AccessDenied);

    const state = new URL(await beginLogin(browser)).searchParams.get("state");
    await browser.get(`/callback?error=invalid_scope&error_description=No+such+scope&state=${state}`);
    expect(lastError(app)).toBeInstanceOf(HttpException);
    expect(lastError(app)).toMatchObject({ error: "invalid_scope", description: "No such scope" });
  });

  it("19. the callback exchanges the code with Basic authentication, saves the token and returns the data", async () => {
    const { app, browser, run, simulator, user } = await startStory(createApp, { login: { data: { a: 1 } } });
    simulator.clearRequests();

    const login = await browser.signIn("/login", { user });

    const [exchange] = simulator.requestsTo("POST /oauth2/token");
    expect(exchange?.authorization).toBe("Basic");
    expect(exchange?.form).toMatchObject({
      grant_type: "authorization_code",
      redirect_uri: `${app.url}/callback`,
    });
    expect(login.json<LoginResult>().data).toEqual({ a: 1 });
    const token = await run((req) => app.discord.getAuthorizationToken(req));
    expect(token?.accessToken).toBe(simulator.requestsTo("/users/@me").at(-1)?.token);
  });

  it("20. a callback that comes twice does no harm", async () => {
    const { browser, simulator, user } = await startStory(createApp);
    const { callbackUrl } = await openLogin(browser, simulator, user);

    const answers = await Promise.all([browser.get(callbackUrl), browser.clone().get(callbackUrl)]);
    answers.push(await browser.get(callbackUrl));

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.map((answer) => answer.json<LoginResult>().replayed).sort()).toEqual([false, true, true]);
  });

  it("21. a fetch after the callback gets the user without another request", async () => {
    const { app, run, simulator, user } = await startStory(createApp);

    expect((await run((req) => app.discord.fetchUser(req))).id).toBe(user.id);
    expect(simulator.requests).toEqual([]);
  });

  it("22. a subclass can keep the token elsewhere, even after a refresh", async () => {
    const tokens = new Map<string, Token>();
    const idOf = (req: IncomingMessage) => (req as Request).sessionID;
    class OwnStore extends DiscordOAuth2Session {
      override async getAuthorizationToken(req: IncomingMessage): Promise<Token | undefined> {
        return tokens.get(idOf(req));
      }
      override async saveAuthorizationToken(req: IncomingMessage, token: Token | undefined): Promise<void> {
        if (token) tokens.set(idOf(req), token);
        else tokens.delete(idOf(req));
      }
    }
    const { advance, app, browser, simulator, user } = await startStory(createApp, {
      create: (to, given) => new OwnStore(to, given),
    });
    const [first] = tokens.values();
    expect(first).toMatchObject({ userId: user.id, scopes: ["identify"] });

    advance(604_800_001);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
    expect([...tokens.values()][0]?.accessToken).not.toBe(first?.accessToken);

    await browser.post("/logout");
    expect(tokens.size).toBe(0);
    class HalfAStore extends DiscordOAuth2Session {
      override async getAuthorizationToken(): Promise<Token | undefined> {
        return undefined;
      }
    }
    expect(() => new HalfAStore(createApp(), REQUIRED)).toThrow(/together/);
    await app.discord.close();
  });

  it("23. isAuthorized says whether somebody is signed in", async () => {
    const { app, run } = await startStory(createApp);

    expect(await run((req) => app.discord.isAuthorized(req))).toBe(true);
    expect(await run((req) => app.discord.isAuthorized(req), app.browser())).toBe(false);
  });

  it("24. userId says who is signed in", async () => {
    const { app, run, user } = await startStory(createApp);

    expect(await run((req) => app.discord.userId(req))).toBe(user.id);
    expect(await run((req) => app.discord.userId(req), app.browser())).toBeUndefined();
  });

  it("25. revoke signs out without a call to Discord, and is harmless the second time", async () => {
    const { app, browser, run, simulator } = await startStory(createApp);

    for (let times = 0; times < 2; times += 1) expect((await browser.post("/logout")).status).toBe(200);

    expect(simulator.requests).toEqual([]);
    expect([...app.discord.usersCache.keys()]).toEqual([]);
    expect(await run((req) => app.discord.userId(req))).toBeUndefined();
  });

  it("26. requiresAuthorization guards a page", async () => {
    const { app, browser } = await startStory(createApp);

    expect((await browser.get("/guarded")).status).toBe(200);
    expect((await app.browser().get("/guarded")).status).toBe(401);
    expect(lastError(app)).toBeInstanceOf(Unauthorized);
  });

  it("27. request sends any API request as the user", async () => {
    const { app, run, simulator, user } = await startStory(createApp, {
      scopes: ["identify", "role_connections.write"],
    });
    const link = `/users/@me/applications/${simulator.options.clientId}/role-connection`;
    const { discord } = app;

    expect(await run((req) => discord.request(req, "/users/@me"))).toMatchObject({ id: user.id });
    await run((req) => discord.request(req, link, { method: "PUT", json: { platform_name: "Game" } }));
    expect(simulator.requestsTo("PUT /users/@me/applications/:id/role-connection")[0]?.json).toEqual({
      platform_name: "Game",
    });
    expect(await run((req) => discord.request(req, link, { method: "DELETE" }))).toBeUndefined();
    simulator.fail({
      route: "/users/@me",
      kind: "status",
      status: 200,
      body: "plain text",
      headers: { "Content-Type": "text/plain" },
    });
    expect(await run((req) => discord.request(req, "/users/@me"))).toBe("plain text");
  });

  it("28. a dead token, a rate limit and every other refusal become errors", async () => {
    const { advance, app, run, simulator, user } = await startStory(createApp, {
      discord: { maxWaitMs: 0 },
    });
    const fetch = () => run((req) => app.discord.request(req, "/users/@me").catch((error: unknown) => error));

    simulator.fail({ route: "/users/@me", kind: "status", status: 404, body: { message: "No", code: 7 } });
    expect(await fetch()).toMatchObject({ name: "HttpException", status: 404, discordCode: 7 });
    simulator.fail({ route: "/users/@me", kind: "rate-limited", retryAfter: 30 });
    expect(await fetch()).toBeInstanceOf(RateLimited);
    advance(30_001);
    simulator.removeAuthorization(user);
    expect(await fetch()).toBeInstanceOf(Unauthorized);
  });

  it("29. botRequest sends any API request as the bot", async () => {
    const { app, simulator, user } = await startStory(createApp);

    const channel = await app.discord.botRequest<{ id: string }>("/users/@me/channels", {
      method: "POST",
      json: { recipient_id: user.id },
    });

    expect(channel.id).toMatch(/^\d+$/);
    expect(simulator.requests.at(-1)).toMatchObject({
      authorization: "Bot",
      token: simulator.options.botToken,
    });
  });

  it("30. RateLimited says how long and for whom, and has Discord's message", async () => {
    const { app, simulator } = await startStory(createApp);
    simulator.fail({ route: "/users/@me", kind: "rate-limited", retryAfter: 42.5, scope: "global" });

    const error = await app.discord.botRequest("/users/@me").catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(RateLimited);
    expect(error).toBeInstanceOf(HttpException);
    expect(error).toMatchObject({
      retryAfter: 42.5,
      isGlobal: true,
      headers: { "Retry-After": "43" },
      body: { message: expect.any(String), retry_after: 42.5, global: true },
    });
    expect(new Unauthorized({ message: "", code: "not_signed_in", status: 401 })).toBeInstanceOf(
      HttpException,
    );
    expect(new AccessDenied({ message: "", code: "access_denied", status: 403 })).toBeInstanceOf(
      HttpException,
    );
  });

  it("31. an expired token is refreshed and saved, and the call goes on", async () => {
    const { advance, app, run, simulator, user } = await startStory(createApp);
    advance(604_800_001);

    expect(await run((req) => app.discord.request(req, "/users/@me"))).toMatchObject({ id: user.id });
    const token = await run((req) => app.discord.getAuthorizationToken(req));

    expect(refreshesAt(simulator)).toBe(1);
    expect(token?.accessToken).toBe(simulator.requestsTo("/users/@me").at(-1)?.token);
  });

  it("32. requests can be sent through a proxy", async () => {
    const proxy = await startProxy("user:password");
    const { browser, user } = await startStory(createApp, { discord: { proxy: proxy.url } });

    expect(await signedInAs(browser)).toBe(user.id);
    await expect.poll(() => proxy.reports.length).toBeGreaterThanOrEqual(2);
  });

  it("33. the user is fetched once, and again if told to", async () => {
    const { app, run, simulator } = await startStory(createApp);

    await run((req) => app.discord.fetchUser(req));
    expect(simulator.requests).toHaveLength(0);
    await run((req) => app.discord.fetchUser(req, { fresh: true }));
    expect(simulator.requests).toHaveLength(1);
  });

  it("34. guilds and connections are fetched once", async () => {
    const { browser, simulator, user } = await startStory(createApp, {
      scopes: ["identify", "guilds", "connections"],
    });
    simulator.addConnection(user);

    for (let times = 0; times < 2; times += 1) {
      expect((await browser.get("/guilds")).json()).toEqual([]);
      expect((await browser.get("/connections")).json<unknown[]>()).toHaveLength(1);
    }
    expect(simulator.requests).toHaveLength(2);
  });

  it("35. the cached users can be listed", async () => {
    const { app, user } = await startStory(createApp);

    expect([...app.discord.usersCache.values()].map(({ id }) => id)).toEqual([user.id]);
  });

  it("36. a fresh fetch refills the cache", async () => {
    const { browser, simulator, user } = await startStory(createApp, { scopes: ["identify", "guilds"] });
    await browser.get("/guilds");
    simulator.addMember(simulator.addGuild(), user);

    expect((await browser.get("/guilds")).json()).toEqual([]);
    expect((await browser.get("/guilds?fresh=true")).json<unknown[]>()).toHaveLength(1);
    expect((await browser.get("/guilds")).json<unknown[]>()).toHaveLength(1);
  });

  it("40. addToGuild adds the user through the bot, and says if they were a member already", async () => {
    const { browser, simulator, user } = await startStory(createApp, { scopes: ["identify", "guilds.join"] });
    const guild = simulator.addGuild();

    expect((await browser.get(`/join/${guild.id}`)).json()).toMatchObject({ user: { id: user.id } });
    expect((await browser.get(`/join/${guild.id}`)).json()).toBeNull();
  });

  it("41. the bot has its own model", async () => {
    const { app, simulator } = await startStory(createApp);

    const bot = await app.discord.fetchBot();

    expect(bot).toBeInstanceOf(Bot);
    expect(bot).toBeInstanceOf(User);
    expect(bot.id).toBe(simulator.options.clientId);
  });

  it("45. the calls use the same API routes", async () => {
    const { browser, simulator } = await startStory(createApp, {
      scopes: ["identify", "guilds", "connections"],
    });

    for (const path of ["/user?fresh=true", "/guilds", "/connections"]) await browser.get(path);

    expect(simulator.requests.map(({ path }) => path)).toEqual([
      "/api/v10/users/@me",
      "/api/v10/users/@me/guilds",
      "/api/v10/users/@me/connections",
    ]);
  });

  it("50. every feature of Flask-Discord's sample app works", async () => {
    const simulator = await startSimulator();
    const data = { text: "a", number: 1.5, zero: 0, no: false };
    const logins: Record<string, LoginOptions> = {
      plain: {},
      data: { data },
      invite: { scopes: ["bot"], permissions: 8, disableGuildSelect: true },
      both: { scopes: ["bot", "identify"], permissions: 8 },
    };
    const app = await startApp(createApp, simulator, {
      login: (req) => logins[String(req.query["kind"] ?? "plain")] ?? {},
      routes(to, discord) {
        to.get(
          "/greet",
          forward(async (req, res) => {
            const { id } = await discord.fetchUser(req);
            const channel = await discord.botRequest<{ id: string }>("/users/@me/channels", {
              method: "POST",
              json: { recipient_id: id },
            });
            await discord.botRequest(`/channels/${channel.id}/messages`, {
              method: "POST",
              json: { content: "Hello" },
            });
            res.end();
          }),
        );
        to.use(library.redirectUnauthorized("/login"));
      },
    });
    const [user, guild] = [simulator.addUser(), simulator.addGuild({ bot: false })];
    simulator.addMember(guild, user, { owner: true });
    const browser = app.browser();

    expect((await browser.signIn("/login", { user })).json()).toMatchObject({ userId: user.id });
    expect((await browser.signIn("/login?kind=data", { user })).json()).toMatchObject({ data });
    const invited = await browser.signIn("/login?kind=both", { user, guildId: guild.id });
    expect(invited.json()).toMatchObject({ guild: { id: guild.id } });
    await browser.get("/greet");
    expect(simulator.messages).toMatchObject([{ recipient: user, content: "Hello" }]);
    await browser.post("/logout");
    const visit = await browser.get("/me", { headers: { Accept: "text/html" } });
    expect(visit.location).toBe("/login?returnTo=%2Fme");
    const locked = await browser.get("/login?kind=invite");
    expect(new URL(locked.location ?? "").searchParams.get("disable_guild_select")).toBe("true");
  });
});

describe("Flask-Discord's models", () => {
  const user = new User(PAYLOAD);

  it("37. the models give the payload untouched as JSON, including unknown fields", () => {
    expect(user.toJSON()).toEqual(PAYLOAD);
    expect(JSON.parse(JSON.stringify(user))).toEqual(PAYLOAD);
  });

  it("38. a User has every field, a name, a tag, and equality by id", () => {
    expect(user).toMatchObject({
      id: "80351110224678912",
      username: "nelly",
      name: "nelly",
      discriminator: "1337",
      avatarHash: "8342729096ea3675442027381ff50dfe",
      bot: false,
      mfaEnabled: true,
      locale: "en-US",
      verified: true,
      email: "nelly@example.org",
      flags: 64,
      premiumType: 1,
    });
    expect(String(user)).toBe("nelly#1337");
    expect(user.equals(new User({ ...PAYLOAD, username: "renamed" }))).toBe(true);
    expect(user.equals(new User({ ...PAYLOAD, id: "1" }))).toBe(false);
    expect(user.equals(new Bot(PAYLOAD))).toBe(false);
  });

  it("39. a User has an avatar, animated or not, and a default one", () => {
    const url = "https://cdn.discordapp.com/avatars/80351110224678912/";
    expect(user.avatarUrl).toBe(`${url}8342729096ea3675442027381ff50dfe.png`);
    expect(user.isAvatarAnimated).toBe(false);
    const moving = new User({ ...PAYLOAD, avatar: "a_8342729096ea3675442027381ff50dfe" });
    expect(moving.avatarUrl).toBe(`${url}a_8342729096ea3675442027381ff50dfe.gif`);
    expect(moving.isAvatarAnimated).toBe(true);
    expect(new User({ ...PAYLOAD, avatar: null }).avatarUrl).toBeUndefined();
    expect(user.defaultAvatarUrl).toBe("https://cdn.discordapp.com/embed/avatars/2.png");
  });

  it("42. a Guild has an id, a name, an icon, an owner, permissions, and equality by id", () => {
    const payload = {
      id: "197038439483310086",
      name: "Testers",
      icon: "f64c",
      owner: true,
      permissions: "8",
    };
    const guild = Guild.from(payload);

    expect(guild).toMatchObject({ id: payload.id, name: "Testers", iconHash: "f64c", isOwner: true });
    expect(guild.permissions?.toArray()).toEqual(["ADMINISTRATOR"]);
    expect(guild.iconUrl).toBe("https://cdn.discordapp.com/icons/197038439483310086/f64c.png");
    expect(Guild.from({ ...payload, icon: null }).iconUrl).toBeUndefined();
    expect(String(guild)).toBe("Testers");
    expect(guild.equals(Guild.from({ id: payload.id }))).toBe(true);
  });

  it("43. a UserConnection has every field", () => {
    const connection = UserConnection.from({
      id: "abc",
      name: "nelly",
      type: "github",
      revoked: false,
      integrations: [{ id: "33590653072239123" }],
      verified: true,
      friend_sync: true,
      show_activity: true,
      visibility: 1,
    });

    expect(connection).toMatchObject({
      id: "abc",
      name: "nelly",
      type: "github",
      revoked: false,
      verified: true,
      friendSync: true,
      showActivity: true,
      visibility: 1,
      isVisible: true,
    });
    expect(connection.integrations[0]).toBeInstanceOf(Integration);
  });

  it("44. an Integration has every field", () => {
    const integration = Integration.from({
      id: "33590653072239123",
      name: "A Name",
      type: "twitch",
      enabled: true,
      syncing: true,
      role_id: "197038439483310086",
      expire_behavior: 0,
      expire_grace_period: 7,
      account: { id: "id", name: "name" },
      synced_at: "2024-01-02T03:04:05+00:00",
    });

    expect(integration).toMatchObject({
      id: "33590653072239123",
      name: "A Name",
      type: "twitch",
      enabled: true,
      syncing: true,
      roleId: "197038439483310086",
      expireBehaviour: 0,
      expireGracePeriod: 7,
      account: { id: "id", name: "name" },
    });
    expect(integration.syncedAt?.getTime()).toBe(Date.UTC(2024, 0, 2, 3, 4, 5));
  });

  it("45. image URLs point to the CDN", () => {
    const guild = Guild.from({ id: "1", icon: "abc" });
    const urls = [user.avatarUrl, user.defaultAvatarUrl, guild.iconUrl].map((url) => new URL(url ?? ""));

    expect(urls.map(({ origin }) => origin)).toEqual(Array(3).fill("https://cdn.discordapp.com"));
    expect(urls.map(({ pathname }) => pathname.split("/")[1])).toEqual(["avatars", "embed", "icons"]);
  });
});

describe("Flask-Discord's permissions", () => {
  const PRESETS = {
    none: 0n,
    allChannel: 3019374417n,
    general: 1879573680n,
    membership: 201326599n,
    text: 2148005952n,
    voice: 66061056n,
    stage: 4294967296n,
    stageModerator: 4315938816n,
    advanced: 8n,
  } as const;
  const NAMES =
    "create_instant_invite kick_members ban_members administrator manage_channels manage_guild add_reactions view_audit_log priority_speaker stream read_messages send_messages send_tts_messages manage_messages embed_links attach_files read_message_history mention_everyone external_emojis view_guild_insights connect speak mute_members deafen_members move_members use_voice_activation change_nickname manage_nicknames manage_roles manage_webhooks manage_emojis use_slash_commands request_to_speak";

  it("46. Permissions are made of a value and flags, changed by flags, and combined with overwrites", () => {
    expect(new Permissions().value).toBe(0n);
    expect(new Permissions(8).update({ manage_guild: true, ADMINISTRATOR: false }).value).toBe(32n);
    expect(Permissions.of({ kick_members: true }).value).toBe(2n);
    expect(() => new Permissions(1.5)).toThrow(TypeError);
    expect(() => Permissions.of({ no_such_flag: true } as never)).toThrow(TypeError);
    expect(() => Permissions.of({ kick_members: 1 as never })).toThrow(TypeError);
    expect(new Permissions(8).update({ no_such_flag: true } as never).value).toBe(8n);
    expect(new Permissions(0b110n).handleOverwrite(0b001n, 0b100n).value).toBe(0b011n);
  });

  it("47. Permissions can be compared, even as sets, and iterated without aliases", () => {
    const [small, large] = [new Permissions(1), new Permissions(3)];
    expect(small.equals(new Permissions(1))).toBe(true);
    expect([small.isSubset(large), small.isSubset(small), large.isSubset(small)]).toEqual([
      true,
      true,
      false,
    ]);
    expect([large.isSuperset(small), small.isSuperset(large)]).toEqual([true, false]);
    expect([small.isStrictSubset(large), small.isStrictSubset(small)]).toEqual([true, false]);
    expect([large.isStrictSuperset(small), large.isStrictSuperset(large)]).toEqual([true, false]);
    expect(() => small.isSubset({} as never)).toThrow(TypeError);
    const pairs = [...small];
    expect(pairs[0]).toEqual(["CREATE_INSTANT_INVITE", true]);
    expect(new Set(pairs.map(([name]) => new Permissions(name).value)).size).toBe(pairs.length);
  });

  it("48. Permissions have the same names for bits 0 to 32, and the same aliases", () => {
    for (const [bit, name] of NAMES.split(" ").entries())
      expect(new Permissions(name).value, name).toBe(1n << BigInt(bit));
    expect(new Permissions("view_channel").value).toBe(1n << 10n);
    expect(new Permissions("use_external_emojis").value).toBe(1n << 18n);
    expect(new Permissions("manage_permissions").value).toBe(1n << 28n);
  });

  it("49. Permissions have the same presets, and more bits", () => {
    for (const [name, value] of Object.entries(PRESETS))
      expect(Permissions[name as keyof typeof PRESETS].value, name).toBe(value);
    expect(Permissions.all.isSuperset(8589934591n)).toBe(true);
    expect(new Permissions("MODERATE_MEMBERS").value).toBe(1n << 40n);
  });
});
