import { expect, it } from "vitest";
import {
  type CustomAnswer,
  type Fault,
  type NewConnection,
  type NewMember,
  type NewUser,
  startDiscord,
} from "../../src/testing/index.js";
import { readSeed } from "../../src/testing/seed.js";
import { callApi, refresh } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

it("fields that are undefined are made up, like missing ones", async () => {
  const discord = await startForTest();
  const user = discord.addUser({ id: undefined, username: undefined } as unknown as NewUser);
  expect(user.payload).toMatchObject({ id: expect.any(String), username: expect.any(String) });
  const guild = discord.addGuild();
  discord.addMember(guild, user, { joinedAt: undefined } as unknown as NewMember);
  const { body } = await callApi(discord, `GET /guilds/${guild.id}/members/${user.id}`, { bot: true });
  expect(body.joined_at).toMatch(/^20/);
  discord.addConnection(user, { id: undefined, type: undefined } as unknown as NewConnection);
  expect(user.connections).toMatchObject([{ id: expect.any(String), type: "github" }]);
});

it("switches that are undefined keep their default", async () => {
  const behaviour = { accessTokenSeconds: undefined, approvedScopes: undefined } as object;
  const discord = await startForTest({ behaviour });
  expect(discord.issueToken(discord.addUser(), ["identify"]).expires_in).toBe(604_800);
});

it("the addresses of a browser need their scheme", async () => {
  const discord = await startForTest();
  expect(() => discord.browser("localhost:3000")).toThrow("appUrl must be an http or https URL");
  expect(() => discord.browser("https://app.example", { via: "127.0.0.1:3000" })).toThrow("via must be");
});

it("a switch that does not exist is refused, in the options and later", async () => {
  const behaviour = { strictScope: false } as object;
  const mistake = 'There is no switch "strictScope". The switches are issOnSuccess, ';
  await expect(startDiscord({ behaviour })).rejects.toThrow(mistake);
  const discord = await startForTest();
  expect(() => Object.assign(discord.behaviour, behaviour)).toThrow(mistake);
  // Like an assignment without "use strict", which a sealed object would ignore.
  expect(() => Reflect.set(discord.behaviour, "strictScope", false)).toThrow(mistake);
});

it.each([["abc"], [""], [42], ["18446744073709551616"]])("%j is not an id", async (id) => {
  const discord = await startForTest();
  expect(() => discord.addUser({ id: id as string })).toThrow(TypeError);
  expect(() => discord.addGuild({ id: id as string })).toThrow("is not an id");
});

it("a bigint is not an id", async () => {
  const discord = await startForTest();
  expect(() => discord.addUser({ id: 42n as unknown as string })).toThrow("42 is not an id: ids are strings");
});

it.each([["abc"], [42]])("%j is not the id of an application, role or channel", async (value) => {
  const id = value as string;
  const discord = await startForTest();
  await expect(startDiscord({ clientId: id })).rejects.toThrow("is not an id");
  expect(() => discord.addGuild({ roles: [{ id }] })).toThrow("is not an id");
  expect(() => discord.addGuild({ channels: [{ id, name: "general" }] })).toThrow("is not an id");
});

it("roles and channels without an id get one", async () => {
  const discord = await startForTest();
  const { id } = discord.addGuild({ roles: [{ name: "Chef" }, {}], channels: [{ name: "news" }, {}] });
  const namesIn = async (list: string) => {
    const { body } = await callApi(discord, `GET /guilds/${id}/${list}`, { bot: true });
    expect(body).toEqual(body.map(() => expect.objectContaining({ id: expect.stringMatching(/^\d+$/) })));
    return body.map(({ name }: { name: string }) => name);
  };
  expect(await namesIn("roles")).toEqual(["@everyone", "Chef", expect.stringContaining("Role ")]);
  expect(await namesIn("channels")).toEqual(["news", "general"]);
});

it("the roles of a member are ids", async () => {
  const discord = await startForTest();
  const guild = discord.addGuild({ roles: [{ id: "42", name: "Chef" }] });
  for (const role of ["Chef", 42 as unknown as string]) {
    expect(() => discord.addMember(guild, discord.addUser(), { roles: [role] })).toThrow(
      `"${role}" is not the id of a role`,
    );
  }
});

it("users and guilds of another simulator are refused", async () => {
  const [own, other] = [await startForTest(), await startForTest()];
  expect(() => own.addMember(other.addGuild(), own.addUser())).toThrow(TypeError);
  expect(() => own.addMember(own.addGuild(), other.addUser())).toThrow(TypeError);
  expect(() => own.issueToken(other.addUser(), ["identify"])).toThrow(TypeError);
  expect(() => own.authorizeInActivity(other.addUser())).toThrow(TypeError);
  expect(() => own.removeMember(own.addGuild(), other.addUser())).toThrow(TypeError);
  expect(() => own.removeMember(other.addGuild(), own.addUser())).toThrow(TypeError);
  expect(() => own.addConnection(other.addUser())).toThrow(TypeError);
  expect(() => own.addWebhook(other.addGuild())).toThrow(TypeError);
  expect(() => own.addActivityInstance({ guild: other.addGuild() })).toThrow(TypeError);
  expect(() => own.addActivityInstance({ users: [other.addUser()] })).toThrow(TypeError);
  expect(() => own.removeAuthorization(other.addUser())).toThrow(TypeError);
  expect(() => own.expireAccessTokens(other.addUser())).toThrow(TypeError);
});

it("a second user with the same id does not share the tokens of the first", async () => {
  const discord = await startForTest();
  const former = discord.issueToken(discord.addUser({ id: "77", username: "first" }), ["identify", "guilds"]);
  const tokens = discord.issueToken(discord.addUser({ id: "77", username: "second" }), ["identify"]);
  const { body } = await callApi(discord, "GET /users/@me", { bearer: tokens.access_token });
  expect(body.username).toBe("second");
  expect((await refresh(discord, tokens.refresh_token)).body.scope).toBe("identify");
  expect((await callApi(discord, "GET /users/@me", { bearer: former.access_token })).body.username).toBe(
    "first",
  );
});

it("a new owner replaces the former one", async () => {
  const discord = await startForTest();
  const [guild, first, second] = [discord.addGuild(), discord.addUser(), discord.addUser()];
  discord.addMember(guild, first, { owner: true });
  discord.addMember(guild, second, { owner: true });
  expect(guild.owner?.user).toBe(second);
  expect(guild.members.get(first.id)?.owner).toBe(false);
});

it.each([
  [{ kind: "timeout" }],
  [{ kind: "status" }],
  [{ kind: "status", status: 1000 }],
  [{ kind: "html", status: 0 }],
  [{ kind: "delay" }],
  [{ kind: "delay", ms: 3_000_000_000 }],
  [{ kind: "slow-body", chunkBytes: 0 }],
  [{ kind: "slow-body", everyMs: -1 }],
  [{ kind: "slow-body", everyMs: Number.NaN }],
  [{ kind: "huge-body", bytes: -1 }],
  [{ kind: "rate-limited", retryAfter: -1 }],
  [{ kind: "rate-limited", scope: "bot" }],
  [{ kind: "cloudflare", retryAfter: Number.NaN }],
  [{ kind: "cloudflare", form: "json" }],
  [{ kind: "hang", times: Number.NaN }],
  [{ kind: "hang", times: -1 }],
  [{ kind: "hang", chance: 30 }],
])("the fault %j is impossible", async (fault) => {
  const discord = await startForTest();
  expect(() => discord.fail(fault as Fault)).toThrow(TypeError);
});

it.each([
  { limit: -1 },
  { limit: Number.NaN },
  { limit: "1" as unknown as number },
  { windowMs: undefined as unknown as number },
  { windowMs: -1 },
])("a rate limit with %j is impossible", async (numbers) => {
  const discord = await startForTest();
  const rule = { route: "GET /users/@me", limit: 1, windowMs: 1000, ...numbers };
  expect(() => discord.limit(rule)).toThrow(`${Object.keys(numbers)[0]} must be 0 or more`);
});

it.each([Number.NaN, -1])("a logLimit of %d is a TypeError", async (logLimit) => {
  await expect(startDiscord({ logLimit })).rejects.toThrow("logLimit must be 0 or more");
});

it("a fault with times: 0 never happens", async () => {
  const discord = await startForTest();
  discord.fail({ kind: "html", times: 0 });
  expect((await callApi(discord, "GET /users/@me", { bot: true })).status).toBe(200);
});

it.each(["GET /api/v10/users/@me", "/users/@me/guilds?with_counts=true"])(
  "%s is not a route",
  async (route) => {
    const discord = await startForTest();
    expect(() => discord.requestsTo(route)).toThrow(TypeError);
    expect(() => discord.fail({ kind: "html", route })).toThrow(TypeError);
    expect(() => discord.limit({ route, limit: 1, windowMs: 1000 })).toThrow(TypeError);
    expect(() => discord.answer(route, {})).toThrow(TypeError);
  },
);

it("an answer with an impossible status, or a promise of one, is a mistake", async () => {
  const discord = await startForTest();
  expect(() => discord.answer("GET /gateway", { status: 1000 })).toThrow(TypeError);
  for (const answer of [async () => ({ body: {} }), () => undefined, () => ({ status: 1000 })]) {
    discord.answer("GET /gateway", answer as CustomAnswer);
    const { status, text } = await callApi(discord, "GET /gateway");
    expect([status, text]).toEqual([500, expect.stringContaining("TypeError")]);
  }
});

it.each(["localhost:4000", "localhost", "ftp://localhost"])(
  "%s is refused as the URL of a web server",
  async (url) => {
    const discord = await startForTest();
    await expect(startDiscord({ publicUrl: url })).rejects.toThrow(TypeError);
    await expect(startDiscord({ webhookUrl: url })).rejects.toThrow(TypeError);
    expect(() => Object.assign(discord, { webhookUrl: url })).toThrow(TypeError);
    await expect(discord.openActivity({ appUrl: url })).rejects.toThrow(TypeError);
  },
);

it("a redirect URI needs its scheme, which may be that of an app", async () => {
  const discord = await startForTest();
  expect(() => discord.addRedirectUri("localhost:3000/callback")).toThrow(TypeError);
  expect(() => discord.addRedirectUri("app.example:443/callback")).toThrow(TypeError);
  discord.addRedirectUri("com.example.app:/callback");
});

it.each(["", "/login", "http://localhost:3000/login"])(
  "approve and cancel refuse %j, which is not an authorization URL",
  async (url) => {
    const discord = await startForTest();
    const choices = { user: discord.addUser() };
    await expect(discord.approve(url, choices)).rejects.toThrow(TypeError);
    await expect(discord.cancel(url, choices)).rejects.toThrow(
      "authorization URL that your login redirects to",
    );
  },
);

it.each(["many", "1.5", "0x20", ""])("permissions in a test cannot be %j", async (permissions) => {
  const discord = await startForTest();
  expect(() => discord.addGuild({ botPermissions: permissions })).toThrow(TypeError);
  expect(() => discord.addGuild({ roles: [{ id: "42", permissions }] })).toThrow(TypeError);
  expect(() => discord.addMember(discord.addGuild(), discord.addUser(), { permissions })).toThrow(TypeError);
});

it.each([
  [{ users: [{ username: 5 }] }, "users[0].username"],
  [{ users: [{ global_name: 7 }] }, "users[0].global_name"],
  [{ users: [{ connections: 5 }] }, "users[0].connections"],
  [{ guilds: [{ name: 5 }] }, "guilds[0].name"],
  [{ guilds: [{ roles: 5 }] }, "guilds[0].roles"],
  [{ guilds: [{ roles: ["Chef"] }] }, "guilds[0].roles[0]"],
  [{ guilds: [{ roles: [{ id: 61 }] }] }, "guilds[0].roles[0].id"],
  [{ guilds: [{ channels: [null] }] }, "guilds[0].channels[0]"],
  [{ guilds: [{ bot: "false" }] }, "guilds[0].bot"],
  [{ guilds: [{ members: [{ user: "1", roles: "61" }] }] }, "guilds[0].members[0].roles"],
  [{ guilds: [{ members: [{ user: "1", joinedAt: "2026-01-01" }] }] }, "guilds[0].members[0].joinedAt"],
  [{ users: [{ connections: [5] }] }, "users[0].connections[0]"],
  [{ guilds: null }, "guilds"],
  [{ guilds: [{ members: null }] }, "guilds[0].members"],
  [{ application: { clientId: 42 } }, "application.clientId"],
  [{ application: { redirectUris: "http://a.test/" } }, "application.redirectUris"],
  [{ behaviour: { accessTokenSeconds: "60" } }, "behaviour.accessTokenSeconds"],
  [{ behaviour: { approvedScopes: null } }, "behaviour.approvedScopes"],
  [{ users: [{ username: null }] }, "users[0].username"],
  [{ guilds: [{ botTopRole: null }] }, "guilds[0].botTopRole"],
  [{ guilds: [{ botPermissions: true }] }, "guilds[0].botPermissions"],
  [{ guilds: [{ channels: [{ name: null }] }] }, "guilds[0].channels[0].name"],
  [{ guilds: [{ members: [{ user: "1", joinedAt: null }] }] }, "guilds[0].members[0].joinedAt"],
])("the seed %j is wrong at %s", (seed, place) => {
  expect(() => readSeed(JSON.stringify(seed))).toThrow(`${place} must be`);
});

it("the fields of a seed that Discord may send as null may be null, and permissions may be numbers", () => {
  const seed = {
    users: [{ username: "mira.k", global_name: null }],
    guilds: [
      {
        icon: null,
        banner: null,
        botPermissions: 8,
        roles: [{ permissions: "32" }],
        members: [{ user: "mira.k", nick: null, avatar: null, permissions: 32 }],
      },
    ],
    behaviour: { issuer: null, globalLimit: null, invalidRequestLimit: 100 },
  };
  expect(readSeed(JSON.stringify(seed))).toEqual(seed);
});
