import { describe, expect, it } from "vitest";
import { DiscordOAuth2Session, type LoginOptions, type LoginResult, Permissions } from "../../src/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { signedInAs } from "../support/login.js";

type CreateApp = (typeof LATEST_EXPRESS)[number][1];

async function startInvite(createApp: CreateApp, login: LoginOptions) {
  const simulator = await startSimulator();
  const app = await startApp(createApp, simulator, { login });
  const user = simulator.addUser();
  const guild = simulator.addGuild({ bot: false, channels: [{ id: "1300000000000000001", name: "news" }] });
  simulator.addMember(guild, user, { owner: true });
  return { simulator, app, user, guild, browser: app.browser() };
}

async function queryOf(createApp: CreateApp, login: LoginOptions): Promise<URLSearchParams> {
  const { browser } = await startInvite(createApp, login);
  const { location = "" } = await browser.get("/login");
  return new URL(location).searchParams;
}

describe.each(LATEST_EXPRESS)("a bot invite on %s", (_name, createApp) => {
  it.each([
    ["a number", 3072, "3072"],
    ["a bigint beyond 2^53", 1n << 60n, String(1n << 60n)],
    ["a name", "MANAGE_GUILD", "32"],
    ["Flask-Discord's name", "read_messages", "1024"],
    ["names", ["SEND_MESSAGES", "EMBED_LINKS"], "18432"],
    ["Permissions", new Permissions(["BAN_MEMBERS"]), "4"],
    ["nothing", undefined, "0"],
  ] as const)("an invite asks for permissions given as %s", async (_what, permissions, sent) => {
    const query = await queryOf(createApp, { scopes: ["bot"], permissions });

    expect(query.get("permissions")).toBe(sent);
  });

  it("an invite sends the guild, the integration type and extra parameters to Discord", async () => {
    const query = await queryOf(createApp, {
      scopes: ["identify", "bot", "applications.commands"],
      guildId: "1100000000000000123",
      disableGuildSelect: true,
      integrationType: "guild",
      params: { locale: "de" },
    });

    expect(Object.fromEntries(query)).toMatchObject({
      scope: "identify bot applications.commands",
      guild_id: "1100000000000000123",
      disable_guild_select: "true",
      integration_type: "0",
      locale: "de",
      prompt: "consent",
    });
  });

  it("a login without the bot scope sends no permissions", async () => {
    const query = await queryOf(createApp, { permissions: 8 });

    expect(query.has("permissions")).toBe(false);
  });

  it.each([
    [{ scopes: ["bot"], permissions: "MANAGE_GILD" as "MANAGE_GUILD" }, "MANAGE_GILD"],
    [{ scopes: ["bot"], permissions: -1 }, "-1"],
    [{ scopes: ["bot"], guildId: "my guild" }, "guildId"],
    [{ scopes: ["bot"], prompt: false }, "prompt"],
    [{ scopes: ["webhook.incoming"], prompt: false }, "prompt"],
    [{ scopes: ["identify guilds"] }, "scopes"],
    [{ params: { state: "mine" } }, "state"],
    [{ params: { client_id: "1" } }, "client_id"],
    [{ params: { redirect_uri: "https://evil.example" } }, "redirect_uri"],
    [{ params: { response_type: "token" } }, "response_type"],
    [{ params: { scope: "guilds" } }, "scopes"],
    [{ params: { code_challenge: "x" } }, "code_challenge"],
  ] satisfies [LoginOptions, string][])(
    "a login with %j is refused before the redirect",
    async (login, named) => {
      const { app, browser } = await startInvite(createApp, login);

      const answer = await browser.get("/login");

      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.location).toBeUndefined();
      expect(browser.cookies.list()).toEqual([]);
      expect(app.errors.at(-1)).toBeInstanceOf(TypeError);
      expect(String(app.errors.at(-1))).toContain(named);
    },
  );

  it("an invite adds the bot, and the callback names the guild", async () => {
    const { browser, guild, user } = await startInvite(createApp, {
      scopes: ["identify", "bot"],
      permissions: ["SEND_MESSAGES"],
    });

    const answer = await browser.signIn("/login", { user, guildId: guild.id });

    const login = answer.json<LoginResult>();
    expect(login).toMatchObject({
      replayed: false,
      userId: user.id,
      guild: { id: guild.id, name: guild.name },
    });
    expect([guild.bot, guild.botPermissions]).toEqual([true, 2048n]);
  });

  it("the guild of an invite is not in the stored token", async () => {
    let token: object | undefined;
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      login: { scopes: ["identify", "bot"] },
      routes: (to, discord) =>
        to.get(
          "/token",
          forward(async (req, res) => {
            token = await discord.getAuthorizationToken(req);
            res.end();
          }),
        ),
    });
    const [user, guild] = [simulator.addUser(), simulator.addGuild({ bot: false })];
    simulator.addMember(guild, user, { owner: true });
    const browser = app.browser();
    await browser.signIn("/login", { user, guildId: guild.id });

    await browser.get("/token");

    expect(Object.keys(token ?? {}).sort()).toEqual([
      "accessToken",
      "expiresAt",
      "id",
      "issuedAt",
      "refreshToken",
      "scopes",
      "userId",
    ]);
  });

  it("the callback shows a new webhook once", async () => {
    const { browser, guild, user } = await startInvite(createApp, {
      scopes: ["identify", "webhook.incoming"],
    });
    const channelId = guild.channels[0]?.id;

    const answer = await browser.signIn("/login", { user, guildId: guild.id, channelId });

    expect(answer.json<LoginResult>()).toMatchObject({
      webhook: { guild_id: guild.id, channel_id: channelId, token: expect.any(String) },
    });
    const again = await browser.get(answer.url);
    expect(again.json()).toMatchObject({ replayed: true });
    expect(again.json()).not.toHaveProperty("webhook");
  });
});

describe.each(LATEST_EXPRESS)("the bot on %s", (_name, createApp) => {
  it("fetchBot gives a Bot, not a User", async () => {
    const simulator = await startSimulator();
    const { discord } = await startApp(createApp, simulator);

    const bot = await discord.fetchBot();

    expect([bot.constructor.name, bot.bot, bot.id]).toEqual(["Bot", true, simulator.options.clientId]);
  });

  it("the bot can message a user after the login", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    simulator.addMember(simulator.addGuild(), user);

    const channel = await app.discord.botRequest<{ id: string }>("/users/@me/channels", {
      method: "POST",
      json: { recipient_id: user.id },
    });
    await app.discord.botRequest(`/channels/${channel.id}/messages`, {
      method: "POST",
      json: { content: "Welcome!" },
      reason: "a new member",
    });

    expect(simulator.messages).toMatchObject([{ recipient: user, content: "Welcome!" }]);
    expect(simulator.requests.at(-1)?.headers["x-audit-log-reason"]).toBe("a%20new%20member");
  });

  it.each([
    [undefined, "bot_token_missing"],
    ["not-the-token", "bot_token_rejected"],
  ])("the bot token %s is the operator's mistake, not the visitor's", async (botToken, code) => {
    const simulator = await startSimulator();
    const { botToken: _, ...options } = simulator.options;
    const app = await startApp(createApp, simulator, {
      create: (to, given) => {
        const { botToken: __, ...others } = given;
        return new DiscordOAuth2Session(to, { ...others, ...options, botToken });
      },
    });

    await expect(app.discord.fetchBot()).rejects.toMatchObject({ name: "HttpException", code, status: 500 });
  });
});

describe.each(LATEST_EXPRESS)("an invite's repeated callback on %s", (_name, createApp) => {
  it("both requests with the same callback of an invite leave a signed-in visitor signed in", async () => {
    const simulator = await startSimulator();
    const guild = simulator.addGuild({ bot: false });
    const app = await startApp(createApp, simulator, {
      login: (req) => (req.query["invite"] ? { scopes: ["bot"], incremental: false } : {}),
    });
    const user = simulator.addUser();
    simulator.addMember(guild, user, { permissions: 32n });
    const browser = app.browser();
    await browser.signIn("/login", { user });
    const { location = "" } = await browser.get("/login?invite=yes");
    const callbackUrl = await simulator.approve(location, { user, guildId: guild.id });
    const other = browser.clone();

    const answers = await Promise.all([browser.get(callbackUrl), other.get(callbackUrl)]);

    expect(answers.map((answer) => answer.json<{ replayed: boolean }>().replayed)).toEqual([false, true]);
    for (const one of [browser, other]) expect(await signedInAs(one)).toBe(user.id);
  });
});
