import { describe, expect, it } from "vitest";
import type { DiscordSimulator, SimulatedUser } from "../../src/testing/index.js";
import { callApi, requestToken } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const UNAUTHORIZED = { message: "401: Unauthorized", code: 0 };

function get(discord: DiscordSimulator, path: string, user: SimulatedUser, ...scopes: string[]) {
  return callApi(discord, `GET ${path}`, { bearer: discord.issueToken(user, scopes).access_token });
}

describe("GET /users/@me", () => {
  it("the scope identify gives the user's public fields", async () => {
    const discord = await startForTest();
    const user = discord.addUser({ id: "80351110224678912", username: "mira.k", premium_type: 2 });
    expect((await get(discord, "/users/@me", user, "identify")).body).toEqual({
      id: "80351110224678912",
      username: "mira.k",
      discriminator: "0",
      global_name: "mira.k",
      avatar: null,
      banner: null,
      accent_color: null,
      mfa_enabled: false,
      locale: "en-US",
      flags: 0,
      public_flags: 0,
      premium_type: 0,
      avatar_decoration_data: null,
      collectibles: null,
      primary_guild: null,
    });
  });

  it("the email address is given only with its scope", async () => {
    const discord = await startForTest();
    const user = discord.addUser({ email: "mira@example.org", verified: false });
    const { body } = await get(discord, "/users/@me", user, "identify", "email");
    expect([body.email, body.verified]).toEqual(["mira@example.org", false]);
  });

  it("the kind of Nitro is given only to approved partners", async () => {
    const discord = await startForTest({ behaviour: { approvedScopes: ["identify.premium"] } });
    const user = discord.addUser({ premium_type: 2 });
    expect((await get(discord, "/users/@me", user, "identify", "identify.premium")).body.premium_type).toBe(
      2,
    );
  });

  it("every shape of user is sent, with undocumented keys", async () => {
    const discord = await startForTest();
    const cleared = { identity_guild_id: "1", identity_enabled: null, tag: "TAG", badge: null };
    const user = discord.addUser({
      discriminator: "1337",
      global_name: null,
      avatar: "a_0123456789abcdef0123456789abcdef",
      email: null,
      flags: 2 ** 40,
      clan: { tag: "OLD" },
    });
    Object.assign(user.payload, { primary_guild: cleared });
    const { body } = await get(discord, "/users/@me", user, "identify", "email");
    expect(body).toMatchObject({ ...user.payload, premium_type: 0 });
    expect(body.clan).toEqual({ tag: "OLD" });
  });

  it("the user changes if a test changes the payload", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    user.payload.global_name = "New name";
    expect((await get(discord, "/users/@me", user, "identify")).body.global_name).toBe("New name");
  });

  it("the bot gets its own user", async () => {
    const discord = await startForTest({ appName: "Helper" });
    const { body } = await callApi(discord, "GET /users/@me", { bot: true });
    expect(body).toMatchObject({
      id: discord.options.clientId,
      username: "Helper",
      bot: true,
      discriminator: "0042",
    });
  });

  it("the user is refused without identify", async () => {
    const discord = await startForTest();
    const { status, body } = await get(discord, "/users/@me", discord.addUser(), "guilds");
    expect([status, body]).toEqual([401, UNAUTHORIZED]);
  });
});

describe("wrong tokens", () => {
  it.each([
    ["GET /users/@me", "identify"],
    ["GET /users/@me/guilds", "guilds"],
    ["GET /users/@me/connections", "connections"],
    ["GET /users/@me/guilds/1/member", "guilds.members.read"],
    ["GET /users/@me/applications/1/role-connection", "role_connections.write"],
  ])("a token is answered with 401 by %s without %s, or 403 by switch", async (endpoint) => {
    const discord = await startForTest();
    const bearer = discord.issueToken(discord.addUser(), ["email"]).access_token;
    const first = await callApi(discord, endpoint, { bearer });
    expect([first.status, first.body]).toEqual([401, UNAUTHORIZED]);
    discord.behaviour.missingScope = "403-50026";
    const second = await callApi(discord, endpoint, { bearer });
    expect([second.status, second.body]).toEqual([
      403,
      { message: "Missing required OAuth2 scope", code: 50026 },
    ]);
  });

  it.each(["GET /users/1", "POST /users/@me/channels", "PUT /guilds/1/members/2", "GET /applications/@me"])(
    "a bearer token is refused by %s",
    async (endpoint) => {
      const discord = await startForTest();
      const bearer = discord.issueToken(discord.addUser(), ["identify"]).access_token;
      const { status, body } = await callApi(discord, endpoint, { bearer });
      expect([status, body]).toEqual([401, UNAUTHORIZED]);
    },
  );

  it.each(["GET /users/@me/connections", "GET /users/@me/guilds/1/member", "GET /oauth2/@me"])(
    "a bot token is refused by %s",
    async (endpoint) => {
      const discord = await startForTest();
      expect((await callApi(discord, endpoint, { bot: true })).status).toBe(401);
    },
  );

  it.each(["", "Bearer garbage", "Bot garbage", "garbage", "Bearer"])(
    'the header Authorization: "%s" is refused everywhere',
    async (Authorization) => {
      const discord = await startForTest();
      for (const endpoint of ["GET /users/@me", "GET /users/1", "GET /oauth2/@me"]) {
        const { status, body } = await callApi(discord, endpoint, { headers: { Authorization } });
        expect([status, body]).toEqual([401, UNAUTHORIZED]);
      }
    },
  );
});

describe("GET /oauth2/@me", () => {
  it("a token's authorization has the app, the scopes, the expiry and a user without private fields", async () => {
    const discord = await startForTest({ appName: "Dashboard" });
    discord.clock.freeze();
    const user = discord.addUser({ username: "mira.k" });
    const { body } = await get(discord, "/oauth2/@me", user, "identify", "email");
    expect(body.application).toMatchObject({
      id: discord.options.clientId,
      name: "Dashboard",
      flags_new: "0",
      verify_key: discord.publicKey,
    });
    expect(body.scopes).toEqual(["identify", "email"]);
    expect(body.expires).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
    expect(Date.parse(body.expires)).toBe(discord.clock.now() + 604_800_000);
    expect(body.user).toMatchObject({ id: user.id, username: "mira.k" });
    for (const key of ["email", "verified", "locale", "mfa_enabled"])
      expect(body.user).not.toHaveProperty(key);
  });

  it("the authorization has no user without identify", async () => {
    const discord = await startForTest();
    const { status, body } = await get(discord, "/oauth2/@me", discord.addUser(), "guilds");
    expect([status, "user" in body]).toEqual([200, false]);
  });
});

describe("GET /users/@me/connections", () => {
  it("the connections of the user are listed", async () => {
    const discord = await startForTest();
    const user = discord.addUser({ username: "mira.k" });
    discord.addConnection(user);
    discord.addConnection(user, {
      id: "765",
      type: "steam",
      name: null,
      visibility: 0,
      metadata: { games: 3 },
    });
    const { body } = await get(discord, "/users/@me/connections", user, "connections");
    expect(body).toEqual([
      {
        id: expect.any(String),
        name: "mira.k",
        type: "github",
        verified: true,
        friend_sync: false,
        show_activity: true,
        two_way_link: false,
        visibility: 1,
      },
      expect.objectContaining({
        id: "765",
        type: "steam",
        name: null,
        visibility: 0,
        metadata: { games: 3 },
      }),
    ]);
  });
});

describe("GET /users/:id", () => {
  it("the bot can read a user without private fields, and itself", async () => {
    const discord = await startForTest();
    const user = discord.addUser({ username: "mira.k" });
    const { body } = await callApi(discord, `GET /users/${user.id}`, { bot: true });
    expect(body.username).toBe("mira.k");
    expect(body).not.toHaveProperty("email");
    expect((await callApi(discord, `GET /users/${discord.options.clientId}`, { bot: true })).body.bot).toBe(
      true,
    );
  });

  it("an unknown user is not found", async () => {
    const discord = await startForTest();
    const { status, body } = await callApi(discord, "GET /users/123", { bot: true });
    expect([status, body]).toEqual([404, { message: "Unknown User", code: 10013 }]);
  });
});

describe("GET /applications/@me", () => {
  it.each(["/applications/@me", "/oauth2/applications/@me"])(
    "the route %s describes the app to its bot",
    async (path) => {
      const discord = await startForTest({ redirectUris: ["http://app.test/"] });
      discord.addGuild();
      discord.addGuild({ bot: false });
      discord.issueToken(discord.addUser(), []);
      const { body } = await callApi(discord, `GET ${path}`, { bot: true });
      expect(body).toMatchObject({
        id: discord.options.clientId,
        redirect_uris: ["http://app.test/"],
        approximate_guild_count: 1,
        approximate_user_authorization_count: 1,
        owner: { username: "the.owner" },
        team: null,
      });
    },
  );

  it("the owner of the app is the user of a client-credentials token", async () => {
    const discord = await startForTest();
    const { access_token } = (
      await requestToken(discord, { grant_type: "client_credentials", scope: "identify" })
    ).body;
    const me = await callApi(discord, "GET /users/@me", { bearer: access_token });
    const { body } = await callApi(discord, "GET /applications/@me", { bot: true });
    expect(body.owner.id).toBe(me.body.id);
  });

  it("the bot can read the owner of the app, who also owns guilds without an owner", async () => {
    const discord = await startForTest();
    const guild = await callApi(discord, `GET /guilds/${discord.addGuild().id}`, { bot: true });
    const { body } = await callApi(discord, `GET /users/${guild.body.owner_id}`, { bot: true });
    const application = await callApi(discord, "GET /applications/@me", { bot: true });
    expect(body).toEqual(application.body.owner);
  });
});
