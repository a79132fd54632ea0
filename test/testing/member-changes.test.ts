import { describe, expect, it } from "vitest";
import type { NewGuild, NewMember } from "../../src/testing/index.js";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const ROLES = [{ id: "41" }, { id: "42" }, { id: "43" }];

async function withMember(given: { guild?: NewGuild; member?: NewMember } = {}) {
  const discord = await startForTest();
  const guild = discord.addGuild({
    roles: ROLES,
    channels: [{ id: "51", name: "Voice", type: 2 }],
    ...given.guild,
  });
  const user = discord.addUser();
  discord.addMember(guild, user, { roles: ["41"], nick: "Old", ...given.member });
  const path = `/guilds/${guild.id}/members/${user.id}`;
  const call = (endpoint: string, json?: unknown) => callApi(discord, endpoint, { bot: true, json });
  return { discord, guild, user, path, call, patch: (json: unknown) => call(`PATCH ${path}`, json) };
}

describe("GET /guilds/:id/members", () => {
  it("members are listed by age, in pages", async () => {
    const discord = await startForTest();
    const guild = discord.addGuild();
    for (const id of ["30", "9", "200"]) discord.addMember(guild, discord.addUser({ id }));
    const list = async (query: string) => {
      const { body } = await callApi(discord, `GET /guilds/${guild.id}/members${query}`, { bot: true });
      return body.map(({ user }: { user: { id: string } }) => user.id);
    };
    expect(await list("")).toEqual(["9"]);
    expect(await list("?limit=1000")).toEqual(["9", "30", "200"]);
    expect(await list("?limit=2&after=9")).toEqual(["30", "200"]);
    const { body } = await callApi(discord, `GET /guilds/${guild.id}/members?limit=1001`, { bot: true });
    expect(body.errors.limit._errors[0].code).toBe("NUMBER_TYPE_MAX");
  });

  it("the list of members is refused without the privileged intent", async () => {
    const { discord, guild, call } = await withMember();
    discord.behaviour.guildMembersIntent = false;
    const { status, body } = await call(`GET /guilds/${guild.id}/members`);
    expect([status, body.code]).toEqual([403, 50001]);
  });
});

it("the bot finds itself in the member list of its guild", async () => {
  const { discord, guild, call } = await withMember();
  const { body } = await call(`GET /guilds/${guild.id}/members/${discord.options.clientId}`);
  expect(body.user).toMatchObject({ id: discord.options.clientId, bot: true });
});

describe("PATCH /guilds/:id/members/:user", () => {
  it("a change to a member affects only the fields in the body", async () => {
    const { patch, path, call } = await withMember();
    expect((await patch({ nick: "😀".repeat(32) })).status).toBe(200);
    const { status, body } = await patch({ nick: "New" });
    expect([status, body.nick, body.roles]).toEqual([200, "New", ["41"]]);
    expect((await patch({ roles: ["42", 43] })).body).toMatchObject({ nick: "New", roles: ["42", "43"] });
    expect((await patch({ nick: null, flags: 4 })).body).toMatchObject({ nick: null, flags: 4 });
    expect((await call(`GET ${path}`)).body).toMatchObject({ nick: null, roles: ["42", "43"], flags: 4 });
  });

  it("a timeout of a member lasts 28 days at most", async () => {
    const { patch } = await withMember();
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    const { body } = await patch({ communication_disabled_until: inAnHour });
    expect(Date.parse(body.communication_disabled_until)).toBe(Date.parse(inAnHour));
    const ended = await patch({ communication_disabled_until: null });
    expect(ended.body.communication_disabled_until).toBeNull();
    for (const wrong of [new Date(Date.now() + 29 * 86_400_000).toISOString(), "soon", 5]) {
      expect((await patch({ communication_disabled_until: wrong })).body.code).toBe(50035);
    }
  });

  it("administrators cannot be timed out", async () => {
    const { discord, guild, user, patch } = await withMember({
      guild: { roles: [{ id: "41", permissions: 1n << 3n }] },
    });
    const change = { communication_disabled_until: new Date(Date.now() + 60_000).toISOString() };
    const { status, body } = await patch(change);
    expect([status, body.code]).toEqual([403, 50013]);
    discord.addMember(guild, user);
    expect((await patch(change)).status).toBe(200);
  });

  it.each([
    [0n, 403],
    [1n << 5n, 200],
    [1n << 28n, 200],
    [(1n << 40n) | (1n << 1n), 403],
    [(1n << 40n) | (1n << 1n) | (1n << 2n), 200],
  ])(
    "a change of flags by a bot with the permissions %s has the status %s",
    async (botPermissions, status) => {
      const { patch } = await withMember({ guild: { botPermissions } });
      expect((await patch({ flags: 4 })).status).toBe(status);
    },
  );

  it("mute, deafen and move work only for members in voice", async () => {
    const away = await withMember();
    for (const change of [{ mute: true }, { deaf: false }, { channel_id: "51" }]) {
      const { status, body } = await away.patch(change);
      expect([status, body.code]).toEqual([400, 40032]);
    }
    const { guild, patch, user } = await withMember({ member: { voiceChannelId: "51" } });
    expect((await patch({ mute: true })).body.mute).toBe(true);
    expect((await patch({ channel_id: "1" })).body.code).toBe(10003);
    expect((await patch({ channel_id: null })).status).toBe(200);
    expect(guild.members.get(user.id)?.voiceChannelId).toBeUndefined();
    expect((await patch({ mute: false })).body.code).toBe(40032);
  });

  it.each([
    [{ nick: "x" }, 27n],
    [{ roles: [] }, 28n],
    [{ mute: true }, 22n],
    [{ deaf: true }, 23n],
    [{ channel_id: null }, 24n],
    [{ communication_disabled_until: null }, 40n],
  ])("a change to %j needs the permission of bit %s", async (change, bit) => {
    const { guild, patch } = await withMember({ member: { voiceChannelId: "51" } });
    guild.botPermissions = ((1n << 53n) - 1n) & ~(1n << bit) & ~(1n << 3n);
    const { status, body } = await patch(change);
    expect([status, body.code]).toEqual([403, 50013]);
    guild.botPermissions = 1n << bit;
    expect((await patch(change)).status).toBe(200);
  });

  it.each([
    { nick: "x".repeat(33) },
    { roles: "41" },
    { roles: ["x"] },
    { mute: 1 },
    { flags: -1 },
    { flags: "1" },
  ])("a change of a member to %j is refused", async (change) => {
    expect((await (await withMember()).patch(change)).body.code).toBe(50035);
  });
});

describe("roles", () => {
  it("roles can be given and taken away, and a repetition has no effect", async () => {
    const { guild, user, path, call } = await withMember();
    const rolesAfter = async (endpoint: string) => {
      expect((await call(endpoint)).status).toBe(204);
      return guild.members.get(user.id)?.roles;
    };
    expect(await rolesAfter(`PUT ${path}/roles/42`)).toEqual(["41", "42"]);
    expect(await rolesAfter(`PUT ${path}/roles/42`)).toEqual(["41", "42"]);
    expect(await rolesAfter(`DELETE ${path}/roles/41`)).toEqual(["42"]);
    expect(await rolesAfter(`DELETE ${path}/roles/41`)).toEqual(["42"]);
  });

  it("roles of a member must exist, and @everyone is not one of them", async () => {
    const { guild, path, call, patch } = await withMember();
    expect((await call(`PUT ${path}/roles/49`)).body.code).toBe(10011);
    expect((await patch({ roles: ["49"] })).body.code).toBe(10011);
    expect((await call(`PUT ${path}/roles/${guild.id}`)).body.code).toBe(50028);
  });

  it("roles that the guild lacks can be taken from a member who has them", async () => {
    const { discord, guild, user, path, call, patch } = await withMember({ member: { roles: ["41", "98"] } });
    expect((await patch({ roles: ["41"] })).body.roles).toEqual(["41"]);
    discord.addMember(guild, user, { roles: ["41", "98"] });
    expect((await call(`DELETE ${path}/roles/98`)).status).toBe(204);
    expect(guild.members.get(user.id)?.roles).toEqual(["41"]);
  });

  it("roles need the permission, and must be below the bot's", async () => {
    const { guild, path, call, patch } = await withMember({ guild: { botTopRole: "42" } });
    expect((await call(`PUT ${path}/roles/42`)).body.code).toBe(50013);
    expect((await patch({ roles: ["41", "43"] })).body.code).toBe(50013);
    expect((await call(`DELETE ${path}/roles/41`)).status).toBe(204);
    guild.botPermissions = 0n;
    expect((await call(`PUT ${path}/roles/41`)).body.code).toBe(50013);
  });
});

describe("members above the bot", () => {
  it.each([
    ["the owner", { member: { owner: true } }],
    ["one with a higher role", { guild: { botTopRole: "41" }, member: { roles: ["42"] } }],
    ["one with the same role", { guild: { botTopRole: "41" } }],
  ])("a change, removal or ban of %s is refused", async (_name, given) => {
    const { guild, user, path, call, patch } = await withMember(given);
    expect((await patch({ nick: "x" })).body.code).toBe(50013);
    expect((await call(`DELETE ${path}`)).body.code).toBe(50013);
    expect((await call(`PUT /guilds/${guild.id}/bans/${user.id}`)).body.code).toBe(50013);
    expect(guild.members.get(user.id)?.nick).toBe("Old");
  });
});

describe("DELETE /guilds/:id/members/:user", () => {
  it("a member can be removed once", async () => {
    const { guild, user, path, call } = await withMember();
    expect((await call(`DELETE ${path}`)).status).toBe(204);
    expect(guild.members.has(user.id)).toBe(false);
    expect((await call(`DELETE ${path}`)).body.code).toBe(10007);
    expect((await call(`DELETE /guilds/${guild.id}/members/1`)).body.code).toBe(10013);
  });

  it("the removal of a member needs the permission", async () => {
    const { guild, user, path, call } = await withMember({ guild: { botPermissions: 0n } });
    const { status, body } = await call(`DELETE ${path}`);
    expect([status, body.code]).toEqual([403, 50013]);
    expect(guild.members.has(user.id)).toBe(true);
  });
});
