import type { Application } from "express";
import { describe, expect, it } from "vitest";
import { type GuildMember, HttpException, type JoinOptions } from "../../src/index.js";
import type { NewGuild, SimulatedUser } from "../../src/testing/index.js";
import { forward, LATEST_EXPRESS } from "../support/app.js";
import { failureOf, startSignedIn } from "../support/signed-in.js";

const ROLE = "1200000000000000001";

async function startJoin(
  createApp: () => Application,
  options?: JoinOptions,
  scopes: readonly string[] = ["identify", "guilds.join"],
) {
  let joined: GuildMember | null | undefined;
  const signedIn = await startSignedIn(createApp, {
    scopes,
    routes: (to, discord) =>
      to.post(
        "/join/:id",
        forward(async (req, res) => {
          joined = await discord.addToGuild(req, String(req.params["id"]), options);
          res.json(joined);
        }),
      ),
  });
  const join = (id: string) => signedIn.browser.post(`/join/${id}`);
  return { ...signedIn, join, member: () => joined };
}

describe.each(LATEST_EXPRESS)("addToGuild on %s", (_name, createApp) => {
  it("addToGuild makes the visitor a member", async () => {
    const { join, member, simulator, user } = await startJoin(createApp);
    const guild = simulator.addGuild();

    await join(guild.id);

    expect(guild.members.get(user.id)).toBeDefined();
    expect([member()?.guildId, member()?.id]).toEqual([guild.id, user.id]);
  });

  it("addToGuild can set the nickname and roles of a new member, and mute or deafen them", async () => {
    const { join, member, simulator } = await startJoin(createApp, {
      nick: "Newcomer",
      roles: [ROLE],
      mute: true,
      deaf: true,
    });

    await join(simulator.addGuild({ roles: [{ id: ROLE }] }).id);

    expect(member()).toMatchObject({ nick: "Newcomer", roles: [ROLE], mute: true, deaf: true });
  });

  it("addToGuild sends each role once, because Discord refuses repeated ones", async () => {
    const { join, member, simulator } = await startJoin(createApp, { roles: [ROLE, ROLE] });

    await join(simulator.addGuild({ roles: [{ id: ROLE }] }).id);

    expect(member()?.roles).toEqual([ROLE]);
  });

  it("addToGuild returns null for an existing member, and changes nothing", async () => {
    const { join, member, simulator, user } = await startJoin(createApp, { nick: "Newcomer" });
    const guild = simulator.addGuild();
    simulator.addMember(guild, user, { nick: "Old hand" });

    await join(guild.id);

    expect(member()).toBeNull();
    expect(guild.members.get(user.id)?.nick).toBe("Old hand");
  });

  it.each<[string, (user: SimulatedUser) => NewGuild, string, number]>([
    ["banned there", (user) => ({ bans: [user] }), "403 banned_from_guild", 40007],
    ["in a guild that is full", () => ({ maxMembers: 0 }), "400 discord_error", 30019],
    ["in a guild without the bot", () => ({ bot: false }), "403 discord_error", 50001],
    ["in a guild where the bot may not invite", () => ({ botPermissions: 0n }), "403 discord_error", 50013],
  ])("the error of addToGuild names the reason: %s", async (_why, guild, failure, discordCode) => {
    const { app, join, simulator, user } = await startJoin(createApp);

    expect(failureOf(await join(simulator.addGuild(guild(user)).id))).toBe(failure);
    const error = app.errors.at(-1);
    expect(error).toBeInstanceOf(HttpException);
    expect(error).toMatchObject({ discordCode, method: "PUT" });
  });

  it("the error of addToGuild says that the visitor is in too many guilds", async () => {
    const { join, simulator, user } = await startJoin(createApp);
    for (let count = 0; count < 200; count += 1) simulator.addMember(simulator.addGuild(), user);

    expect(failureOf(await join(simulator.addGuild().id))).toBe("400 guild_limit_reached");
  });

  it("the error of addToGuild says that Discord rejects the visitor's token", async () => {
    const { join, simulator, user } = await startJoin(createApp);
    simulator.removeAuthorization(user);

    expect(failureOf(await join(simulator.addGuild().id))).toBe("403 user_token_rejected");
  });

  it("addToGuild names the missing scope without a request to Discord", async () => {
    const { join, simulator } = await startJoin(createApp, undefined, ["identify"]);

    expect(failureOf(await join(simulator.addGuild().id))).toBe("403 missing_scopes");
    expect(simulator.requests).toEqual([]);
  });

  it.each([
    [undefined, "..%2F..%2Fchannels"],
    [{ roles: ["everyone"] }, "1100000000000000001"],
  ])("addToGuild refuses invalid ids: %j in %s", async (options, id) => {
    const { join, simulator } = await startJoin(createApp, options);

    expect(failureOf(await join(id))).toBe("400 invalid_snowflake");
    expect(simulator.requests).toEqual([]);
  });

  it("addToGuild throws Unauthorized if nobody is signed in", async () => {
    const { app } = await startJoin(createApp);

    expect(failureOf(await app.browser().post("/join/1100000000000000001"))).toBe("401 not_signed_in");
  });

  it("addToGuild refreshes an expired token first", async () => {
    const { advance, join, simulator, user } = await startJoin(createApp);
    const guild = simulator.addGuild();
    advance(604_800_001);

    await join(guild.id);

    expect(guild.members.get(user.id)).toBeDefined();
  });

  it("addToGuild first finds out whose token it is, if the login could not", async () => {
    const { app, simulator } = await startJoin(createApp);
    const user = simulator.addUser();
    const guild = simulator.addGuild();
    simulator.fail({ route: "/users/@me", kind: "status", status: 500 });
    const browser = app.browser();
    await browser.signIn("/login", { user });

    await browser.post(`/join/${guild.id}`);

    expect(guild.members.get(user.id)).toBeDefined();
  });

  it("addToGuild asks Discord once a minute for a refused visitor, however often they press the button", async () => {
    const { advance, app, join, simulator, user } = await startJoin(createApp);
    const guild = simulator.addGuild({ bans: [user] });
    const joins = () => simulator.requestsTo("PUT /guilds/:id/members/:id").length;

    const answers = await Promise.all(Array.from({ length: 20 }, () => join(guild.id)));
    for (let times = 0; times < 20; times += 1) answers.push(await join(guild.id));

    expect(new Set(answers.map(failureOf))).toEqual(new Set(["403 banned_from_guild"]));
    expect(app.errors.at(-1)).toMatchObject({ discordCode: 40007, status: 403 });
    expect(joins()).toBe(1);

    const other = simulator.addGuild();
    await join(other.id);
    expect(other.members.get(user.id)).toBeDefined();

    advance(60_001);
    await join(guild.id);
    expect(joins()).toBe(3);
  });

  it("a role that the bot may not give does not keep the visitor from joining with another role", async () => {
    const { browser, simulator, user } = await startSignedIn(createApp, {
      scopes: ["identify", "guilds.join"],
      routes(to, discord) {
        to.post(
          "/join/:guild/:role",
          forward(async (req, res) => {
            const { guild, role } = req.params as Record<string, string>;
            res.json(await discord.addToGuild(req, guild ?? "", { roles: [role ?? ""] }));
          }),
        );
      },
    });
    const [low, top] = [ROLE, "1200000000000000002"];
    const guild = simulator.addGuild({ roles: [{ id: low }, { id: top }] });
    simulator.fail({ route: "PUT /guilds/:id/members/:id", kind: "status", status: 403, times: 1 });

    expect((await browser.post(`/join/${guild.id}/${top}`)).status).toBe(403);
    expect((await browser.post(`/join/${guild.id}/${low}`)).status).toBe(200);

    expect(guild.members.get(user.id)?.roles).toEqual([low]);
  });

  it("one banned visitor does not keep another from being added to the guild", async () => {
    const { app, join, simulator, user } = await startJoin(createApp);
    const guild = simulator.addGuild({ bans: [user] });
    const [other, browser] = [simulator.addUser(), app.browser()];
    await browser.signIn("/login", { user: other });
    await join(guild.id);

    await browser.post(`/join/${guild.id}`);

    expect(guild.members.get(other.id)).toBeDefined();
  });

  it("a new sign-in's token lets addToGuild try again at once", async () => {
    const { browser, join, simulator, user } = await startJoin(createApp);
    const guild = simulator.addGuild();
    simulator.removeAuthorization(user);
    expect(failureOf(await join(guild.id))).toBe("403 user_token_rejected");

    await browser.signIn("/login", { user });
    await join(guild.id);

    expect(guild.members.get(user.id)).toBeDefined();
  });
});
