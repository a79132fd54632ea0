import { describe, expect, it } from "vitest";
import type { DiscordSimulator, SimulatedUser } from "../../src/testing/index.js";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const ALL = String((1n << 53n) - 1n - (1n << 47n));

function list(
  discord: DiscordSimulator,
  user: SimulatedUser,
  query = "",
  scopes = ["guilds"],
  base = "/api/v10",
) {
  const { access_token: bearer } = discord.issueToken(user, scopes);
  return callApi(discord, `GET /users/@me/guilds${query}`, { bearer, base });
}

function addGuilds(discord: DiscordSimulator, user: SimulatedUser, ids: string[]): void {
  for (const id of ids) discord.addMember(discord.addGuild({ id }), user);
}

describe("GET /users/@me/guilds", () => {
  it("the guild list has only the guilds of the user, oldest first", async () => {
    const discord = await startForTest();
    const [mira, tom] = [discord.addUser(), discord.addUser()];
    addGuilds(discord, mira, ["1000", "20", "300"]);
    addGuilds(discord, tom, ["5"]);
    const { body } = await list(discord, mira);
    expect(body.map((guild: { id: string }) => guild.id)).toEqual(["20", "300", "1000"]);
  });

  it("the guild list has every known field of a guild", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    const guild = discord.addGuild({
      id: "20",
      name: "G",
      icon: "a_1",
      banner: "b",
      features: ["COMMUNITY", "NEW"],
    });
    discord.addMember(guild, user, { permissions: "18014398509481985" });
    expect((await list(discord, user)).body).toEqual([
      {
        id: "20",
        name: "G",
        icon: "a_1",
        banner: "b",
        owner: false,
        permissions: "18014398509481985",
        features: ["COMMUNITY", "NEW"],
      },
    ]);
  });

  it("permissions in the guild list come from the roles", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    const roles = [
      { id: "8", permissions: 1n << 52n },
      { id: "9", permissions: "8" },
    ];
    const permissionsWith = async (member: { roles?: string[]; owner?: boolean }) => {
      const guild = discord.addGuild({ roles });
      guild.roles.set(guild.id, { id: guild.id, name: "@everyone", permissions: 2n });
      discord.addMember(guild, user, member);
      const [{ permissions, owner }] = (await list(discord, user)).body;
      discord.removeMember(guild, user);
      return [permissions, owner];
    };
    expect(await permissionsWith({})).toEqual(["2", false]);
    expect(await permissionsWith({ roles: ["8"] })).toEqual([String((1n << 52n) + 2n), false]);
    expect(await permissionsWith({ roles: ["9"] })).toEqual([ALL, false]);
    expect(await permissionsWith({ owner: true })).toEqual([ALL, true]);
  });

  it("the guild list has pages by limit, after and before", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    addGuilds(discord, user, ["1", "2", "3", "10", "11"]);
    const ids = async (query: string) =>
      (await list(discord, user, query)).body.map((guild: { id: string }) => guild.id).join(" ");
    expect(await ids("?limit=2")).toBe("1 2");
    expect(await ids("?limit=2&after=2")).toBe("3 10");
    expect(await ids("?limit=2&before=10")).toBe("2 3");
    expect(await ids("?after=1&before=10")).toBe("2 3");
    expect(await ids("?after=11")).toBe("");
  });

  it.each(["limit=0", "limit=201", "limit=x", "after=x", "before=-1"])(
    "the guild list refuses %s",
    async (query) => {
      const discord = await startForTest();
      const { status, body } = await list(discord, discord.addUser(), `?${query}`);
      const [field = ""] = query.split("=");
      expect([status, body.code, Object.keys(body.errors)]).toEqual([400, 50035, [field]]);
    },
  );

  it("200 guilds fit on one page of the guild list", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    for (let count = 0; count < 200; count += 1) discord.addMember(discord.addGuild(), user);
    expect((await list(discord, user)).body).toHaveLength(200);
  });

  it("the guild list counts members with with_counts and the scope guilds.members.read", async () => {
    const discord = await startForTest();
    const [user, other] = [discord.addUser(), discord.addUser()];
    const guild = discord.addGuild();
    for (const member of [user, other]) discord.addMember(guild, member);
    const both = ["guilds", "guilds.members.read"];
    expect((await list(discord, user, "?with_counts=true", both)).body[0].approximate_member_count).toBe(2);
    expect((await list(discord, user, "", both)).body[0]).not.toHaveProperty("approximate_member_count");
    expect((await list(discord, user, "?with_counts=1")).body[0]).not.toHaveProperty(
      "approximate_member_count",
    );
    discord.behaviour.missingCountsScope = "refuse";
    expect((await list(discord, user, "?with_counts=True")).status).toBe(401);
    expect((await list(discord, user, "?with_counts=false")).status).toBe(200);
  });

  it("the guild list has numbers and permissions_new if the path names no version or an old one", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    discord.addMember(discord.addGuild(), user, { permissions: (1n << 40n) + 8n });
    for (const base of ["/api", "/api/v6"]) {
      const { body } = await list(discord, user, "", ["guilds"], base);
      expect(body[0]).toMatchObject({ permissions: 8, permissions_new: String((1n << 40n) + 8n) });
    }
    const { body } = await list(discord, user, "", ["guilds"], "/api/v9");
    expect(body[0].permissions).toBe(String((1n << 40n) + 8n));
  });

  it("the guild list of the bot has its own guilds", async () => {
    const discord = await startForTest();
    discord.addGuild({ id: "30", botPermissions: 8n });
    discord.addGuild({ id: "4" });
    discord.addGuild({ id: "5", bot: false });
    const { body } = await callApi(discord, "GET /users/@me/guilds?with_counts=true", { bot: true });
    expect(body.map((guild: { id: string; permissions: string }) => [guild.id, guild.permissions])).toEqual([
      ["4", "8"],
      ["30", "8"],
    ]);
    expect(body[0].approximate_presence_count).toBe(0);
  });
});
