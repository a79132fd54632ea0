import { describe, expect, it } from "vitest";
import { GuildMember } from "../../src/index.js";
import { forward, LATEST_EXPRESS } from "../support/app.js";
import { failureOf, startSignedIn } from "../support/signed-in.js";

const ROLE = "1200000000000000001";
const SCOPES = ["identify", "guilds.members.read"];

describe.each(LATEST_EXPRESS)("fetchMember on %s", (_name, createApp) => {
  it("fetchMember gives the visitor as a member of one guild", async () => {
    let member: GuildMember | undefined;
    const { browser, simulator, user } = await startSignedIn(createApp, {
      scopes: SCOPES,
      routes: (to, discord) =>
        to.get(
          "/whole/:id",
          forward(async (req, res) => {
            member = await discord.fetchMember(req, String(req.params["id"]));
            res.end();
          }),
        ),
    });
    const guild = simulator.addGuild({ roles: [{ id: ROLE, permissions: 32n }] });
    simulator.addMember(guild, user, {
      nick: "Nick",
      roles: [ROLE],
      avatar: "a_0123456789abcdef0123456789abcdef",
      flags: 1,
      joinedAt: Date.UTC(2024, 1, 2),
    });

    await browser.get(`/whole/${guild.id}`);

    expect(member).toBeInstanceOf(GuildMember);
    expect(member?.guildId).toBe(guild.id);
    expect(member?.id).toBe(user.id);
    expect(member?.roles).toEqual([ROLE]);
    expect([member?.hasRole(ROLE), member?.hasRole(guild.id)]).toEqual([true, false]);
    expect([member?.nick, member?.displayName]).toEqual(["Nick", "Nick"]);
    expect(member?.avatarUrl).toBe(
      `https://cdn.discordapp.com/guilds/${guild.id}/users/${user.id}/avatars/a_0123456789abcdef0123456789abcdef.gif`,
    );
    expect(member?.permissions?.has("MANAGE_GUILD")).toBe(true);
    expect(member?.joinedAt?.getTime()).toBe(Date.UTC(2024, 1, 2));
    expect(member?.isTimedOut).toBe(false);
    expect(member?.flags).toBe(1);
  });

  it("fetchMember asks once for each guild, and again if told to or if the cached member is too old", async () => {
    const { advance, browser, simulator, user } = await startSignedIn(createApp, { scopes: SCOPES });
    const [one, two] = [simulator.addGuild(), simulator.addGuild()];
    for (const guild of [one, two]) simulator.addMember(guild, user);

    await Promise.all([one, one, two].map((guild) => browser.get(`/member/${guild.id}`)));
    await browser.get(`/member/${one.id}`);
    expect(simulator.requests).toHaveLength(2);

    advance(300_001);
    await browser.get(`/member/${one.id}`);
    expect(simulator.requests).toHaveLength(3);
  });

  it("fetchMember fails with Discord's 404 for a visitor who is not in the guild", async () => {
    const { browser, simulator } = await startSignedIn(createApp, { scopes: SCOPES });

    expect(failureOf(await browser.get(`/member/${simulator.addGuild().id}`))).toBe("404 discord_error");
  });

  it("fetchMember names the missing scope before any request", async () => {
    const { browser, simulator } = await startSignedIn(createApp);

    expect(failureOf(await browser.get("/member/1100000000000000001"))).toBe("403 missing_scopes");
    expect(simulator.requests).toEqual([]);
  });

  it("fetchMember refuses an invalid id before any request", async () => {
    const { browser, simulator } = await startSignedIn(createApp, { scopes: SCOPES });

    expect(failureOf(await browser.get("/member/..%2F..%2Fusers"))).toBe("400 invalid_snowflake");
    expect(simulator.requests).toEqual([]);
  });
});
