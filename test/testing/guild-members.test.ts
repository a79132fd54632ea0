import { describe, expect, it } from "vitest";
import type { DiscordSimulator, NewGuild } from "../../src/testing/index.js";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

async function readyToJoin(given: NewGuild = {}) {
  const discord = await startForTest();
  const [guild, user] = [discord.addGuild(given), discord.addUser()];
  const { access_token } = discord.issueToken(user, ["identify", "guilds.join"]);
  const join = (body: Record<string, unknown> = {}, ids = [guild.id, user.id]) =>
    callApi(discord, `PUT /guilds/${ids[0]}/members/${ids[1]}`, {
      bot: true,
      json: { access_token, ...body },
    });
  return { discord, guild, user, join };
}

function guildIds(discord: DiscordSimulator, user: Parameters<DiscordSimulator["issueToken"]>[0]) {
  const { access_token: bearer } = discord.issueToken(user, ["guilds"]);
  return callApi(discord, "GET /users/@me/guilds", { bearer }).then(({ body }) =>
    body.map((guild: { id: string }) => guild.id),
  );
}

describe("PUT /guilds/:id/members/:user", () => {
  it("a guild join adds the user with the fields of the body", async () => {
    const { discord, guild, user, join } = await readyToJoin();
    const { status, body } = await join({ nick: "M", roles: ["7"], mute: true, deaf: false });
    expect(status).toBe(201);
    expect(body).toMatchObject({ user: { id: user.id }, nick: "M", roles: ["7"], mute: true, deaf: false });
    expect(body).toMatchObject({ pending: false, joined_at: expect.stringMatching(/\+00:00$/) });
    expect(await guildIds(discord, user)).toEqual([guild.id]);
  });

  it("a guild join is refused if a role is above the bot's", async () => {
    const { guild, join } = await readyToJoin({ roles: [{ id: "7" }, { id: "8" }], botTopRole: "8" });
    const { status, body } = await join({ roles: ["7", "8"] });
    expect([status, body.code, guild.members.size]).toEqual([403, 50013, 0]);
  });

  it("a guild join answers 204 for a member, and changes nothing", async () => {
    const { guild, user, join } = await readyToJoin();
    await join({ nick: "first" });
    const { status, text } = await join({ nick: "second" });
    expect([status, text]).toEqual([204, ""]);
    expect(guild.members.get(user.id)?.nick).toBe("first");
  });

  it("a new member is pending under membership screening, unless they get a role", async () => {
    const first = await readyToJoin({ membershipScreening: true });
    expect((await first.join()).body.pending).toBe(true);
    const second = await readyToJoin({ membershipScreening: true });
    expect((await second.join({ roles: ["7"] })).body.pending).toBe(false);
  });

  it.each([
    ["expired", (d: DiscordSimulator) => d.expireAccessTokens()],
    [
      "revoked",
      (d: DiscordSimulator, u: Parameters<DiscordSimulator["issueToken"]>[0]) => d.removeAuthorization(u),
    ],
  ])("a guild join refuses a token that is %s", async (_name, end) => {
    const { discord, user, join } = await readyToJoin();
    end(discord, user);
    const { status, body } = await join();
    expect([status, body.code]).toEqual([403, 50025]);
  });

  it("a guild join refuses the token of another user, and a made-up one", async () => {
    const { discord, guild, join } = await readyToJoin();
    const other = discord.addUser();
    expect((await join({}, [guild.id, other.id])).body.code).toBe(50025);
    expect((await join({ access_token: "made up" })).body.code).toBe(50025);
  });

  it("a guild join refuses a token without guilds.join", async () => {
    const { discord, user, join } = await readyToJoin();
    const { access_token } = discord.issueToken(user, ["identify"]);
    const { status, body } = await join({ access_token });
    expect([status, body.code]).toEqual([403, 50026]);
  });

  it("a guild join refuses an unknown guild, and one that the bot is not in", async () => {
    const { discord, user, join } = await readyToJoin();
    expect((await join({}, ["1", user.id])).body).toEqual({ message: "Unknown Guild", code: 10004 });
    const without = discord.addGuild({ bot: false });
    const { status, body } = await join({}, [without.id, user.id]);
    expect([status, body]).toEqual([403, { message: "Missing Access", code: 50001 }]);
  });

  it.each([
    [0n, {}],
    [1n, { nick: "M" }],
    [1n, { roles: ["7"] }],
    [1n, { mute: true }],
    [1n, { deaf: true }],
  ])("a guild join by a bot with permissions %s refuses the body %j", async (botPermissions, given) => {
    const { join } = await readyToJoin({ botPermissions });
    const { status, body } = await join(given);
    expect([status, body]).toEqual([403, { message: "Missing Permissions", code: 50013 }]);
  });

  it("a guild join needs no more permissions than the body requires", async () => {
    const { join } = await readyToJoin({ botPermissions: 1n });
    expect((await join({ nick: null })).status).toBe(201);
  });

  it("a guild join refuses banned, unverified and limited users, and full guilds", async () => {
    const { discord, guild, user, join } = await readyToJoin();
    const refusal = async () => {
      const { status, body } = await join();
      return [status, body.code];
    };
    guild.bans.add(user.id);
    expect(await refusal()).toEqual([403, 40007]);
    guild.bans.clear();
    user.needsVerification = true;
    expect(await refusal()).toEqual([403, 50178]);
    user.needsVerification = false;
    user.joinLimited = true;
    expect(await refusal()).toEqual([403, 340015]);
    user.joinLimited = false;
    guild.maxMembers = 0;
    expect(await refusal()).toEqual([400, 30019]);
    guild.maxMembers = 1;
    for (let count = 0; count < 200; count += 1) discord.addMember(discord.addGuild(), user);
    expect(await refusal()).toEqual([400, 30001]);
  });

  it("a user can be banned from the start", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    expect([...discord.addGuild({ bans: [user] }).bans]).toEqual([user.id]);
  });

  it("the error of a guild join names what is missing in the body", async () => {
    const { join } = await readyToJoin();
    const { status, body } = await join({ access_token: undefined });
    expect([status, body]).toEqual([
      400,
      {
        message: "Invalid Form Body",
        code: 50035,
        errors: {
          access_token: { _errors: [{ code: "BASE_TYPE_REQUIRED", message: "This field is required" }] },
        },
      },
    ]);
  });

  it.each([
    { access_token: 1 },
    { access_token: "x".repeat(10_241) },
    { nick: "x".repeat(33) },
    { nick: 1 },
    { roles: "7" },
    { roles: ["7", "7"] },
    { roles: ["admin"] },
    { mute: "yes" },
    { deaf: 1 },
  ])("the error of a guild join names what is wrong in the body: %j", async (given) => {
    const { join } = await readyToJoin();
    const { status, body } = await join(given);
    expect([status, Object.keys(body.errors)]).toEqual([400, Object.keys(given)]);
  });
});

describe("GET /guilds/:id/members/:user", () => {
  it("the bot can read a member", async () => {
    const discord = await startForTest();
    const [guild, user, stranger] = [discord.addGuild(), discord.addUser(), discord.addUser()];
    discord.addMember(guild, user, {
      nick: "M",
      roles: ["7"],
      joinedAt: Date.UTC(2024, 2, 1, 10, 20, 30, 123),
    });
    const get = (guildId: string, userId: string) =>
      callApi(discord, `GET /guilds/${guildId}/members/${userId}`, { bot: true });
    expect((await get(guild.id, user.id)).body).toEqual({
      user: expect.objectContaining({ id: user.id }),
      nick: "M",
      avatar: null,
      banner: null,
      roles: ["7"],
      joined_at: "2024-03-01T10:20:30.123000+00:00",
      premium_since: null,
      communication_disabled_until: null,
      deaf: false,
      mute: false,
      pending: false,
      flags: 0,
    });
    expect((await get(guild.id, stranger.id)).body).toEqual({ message: "Unknown Member", code: 10007 });
    expect((await get(guild.id, "1")).body).toEqual({ message: "Unknown User", code: 10013 });
    expect((await get("1", user.id)).body.code).toBe(10004);
  });
});

describe("GET /users/@me/guilds/:id/member", () => {
  it("a user can read their own membership, with their permissions", async () => {
    const discord = await startForTest();
    const [guild, user] = [discord.addGuild(), discord.addUser()];
    discord.addMember(guild, user, { nick: "M", permissions: 5n, avatar: "a_1", pending: true, flags: 2 });
    const { access_token: bearer } = discord.issueToken(user, ["guilds.members.read"]);
    const { body } = await callApi(discord, `GET /users/@me/guilds/${guild.id}/member`, { bearer });
    expect(body).toMatchObject({ nick: "M", permissions: "5", avatar: "a_1", pending: true, flags: 2 });
    expect(body.user).not.toHaveProperty("email");
    discord.removeMember(guild, user);
    const gone = await callApi(discord, `GET /users/@me/guilds/${guild.id}/member`, { bearer });
    expect([gone.status, gone.body]).toEqual([404, { message: "Unknown Guild", code: 10004 }]);
    expect((await callApi(discord, "GET /users/@me/guilds/1/member", { bearer })).status).toBe(404);
  });
});
