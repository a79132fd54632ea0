import type { Application } from "express";
import { describe, expect, it } from "vitest";
import {
  type DiscordOptions,
  type GuildMember,
  type GuildRequirements,
  requiresGuild,
} from "../../src/index.js";
import type { NewGuild, NewMember } from "../../src/testing/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { signInMany } from "../support/sign-in-many.js";
import { failureOf, startSignedIn } from "../support/signed-in.js";

const STAFF = "1200000000000000001";
const ADMINS = "1200000000000000002";
const TIMED_OUT: NewMember = { timedOutUntil: Date.now() + 600_000 };
const MEMBER_ROUTE = "GET /guilds/:id/members/:id";

async function startAsBot(
  createApp: () => Application,
  requirements: GuildRequirements = {},
  {
    member = {},
    guild: given = {},
    discord: options = {},
  }: { member?: NewMember; guild?: NewGuild; discord?: DiscordOptions } = {},
) {
  const members: GuildMember[] = [];
  const started = await startSignedIn(createApp, {
    discord: options,
    routes(to, discord) {
      const guard = requiresGuild((req) => req.params["guildId"], { as: "bot", ...requirements });
      to.get("/in/:guildId", guard, (_req, res) => void res.send("in"));
      to.get(
        "/invite",
        forward((req, res) => discord.createSession(req, res, { scopes: ["identify", "bot"] })),
      );
      to.get(
        "/member/as-bot/:id",
        forward(async (req, res) => {
          members.push(await discord.fetchMember(req, String(req.params["id"]), { as: "bot" }));
          res.json(members.at(-1));
        }),
      );
    },
  });
  const { simulator, user, browser } = started;
  const guild = simulator.addGuild({
    roles: [
      { id: STAFF, permissions: 32n },
      { id: ADMINS, permissions: 8n },
    ],
    ...given,
  });
  simulator.addMember(guild, user, member);
  const visit = (id = guild.id, by = browser) => by.get(`/in/${id}`);
  const lookups = () => simulator.requestsTo(MEMBER_ROUTE).length;
  return { ...started, guild, members, visit, lookups };
}

describe.each(LATEST_EXPRESS)('as: "bot" on %s', (_name, createApp) => {
  it.each<[string, GuildRequirements, NewMember, boolean]>([
    ["a member without requirements", {}, {}, true],
    ["a role", { roles: [STAFF] }, { roles: [STAFF] }, true],
    ["another role", { roles: [STAFF] }, { roles: [ADMINS] }, false],
    ["a permission of a role", { permissions: "MANAGE_GUILD" }, { roles: [STAFF] }, true],
    ["no permission", { permissions: "MANAGE_GUILD" }, {}, false],
    [
      "a permission during a timeout",
      { permissions: "MANAGE_GUILD" },
      { roles: [STAFF], ...TIMED_OUT },
      false,
    ],
    [
      "a permission after a timeout",
      { permissions: "MANAGE_GUILD" },
      { roles: [STAFF], timedOutUntil: 1 },
      true,
    ],
    ["what a timeout leaves", { permissions: "VIEW_CHANNEL" }, { roles: [STAFF], ...TIMED_OUT }, true],
    [
      "an administrator during a timeout",
      { permissions: "BAN_MEMBERS" },
      { roles: [ADMINS], ...TIMED_OUT },
      true,
    ],
    ["the owner during a timeout", { permissions: "BAN_MEMBERS" }, { owner: true, ...TIMED_OUT }, true],
    ["a role during a timeout", { roles: [STAFF] }, { roles: [STAFF], ...TIMED_OUT }, true],
    ["an administrator, any permission", { permissions: "BAN_MEMBERS" }, { roles: [ADMINS] }, true],
    ["the owner, any permission", { permissions: "BAN_MEMBERS" }, { owner: true }, true],
    ["the owner", { owner: true }, { owner: true }, true],
    ["an administrator who is not the required owner", { owner: true }, { roles: [ADMINS] }, false],
  ])(
    "requiresGuild as the bot checks %s, with only the scope identify",
    async (_what, requirements, member, passes) => {
      const { visit } = await startAsBot(createApp, requirements, { member });

      const answer = await visit();

      if (passes) expect([answer.status, answer.text]).toEqual([200, "in"]);
      else expect(failureOf(answer)).toBe("403 forbidden");
    },
  );

  it.each<[string, NewMember]>([
    ["a plain member", {}],
    ["staff", { roles: [STAFF] }],
    ["an administrator", { roles: [ADMINS] }],
    ["the owner", { owner: true }],
  ])("fetchMember as the bot finds the permissions that Discord lists for %s", async (_who, member) => {
    const { app, browser, guild, members, simulator, user } = await startAsBot(createApp, {}, { member });
    const { access_token } = simulator.issueToken(user, ["identify", "guilds"]);
    const [listed] = await (await app.discord.sessionFromAccessToken(access_token)).fetchGuilds();

    await browser.get(`/member/as-bot/${guild.id}`);

    expect(members[0]?.permissions?.value).toBe(listed?.permissions?.value);
    expect(members[0]).toMatchObject({ id: user.id, guildId: guild.id });
  });

  it("requiresGuild as the bot refuses a guild without the bot, and never asks about it", async () => {
    const { visit, simulator } = await startAsBot(createApp, {}, { guild: { bot: false } });

    for (let times = 0; times < 5; times += 1) expect(failureOf(await visit())).toBe("403 forbidden");

    expect(simulator.requests.map(({ path }) => path).filter((path) => /\/guilds\/\d/.test(path))).toEqual(
      [],
    );
    expect(simulator.requests.filter(({ status }) => status === 403)).toEqual([]);
  });

  it("requiresGuild as the bot asks once about a guild that the bot has left", async () => {
    const { visit, guild, simulator, advance } = await startAsBot(createApp);
    await visit();
    guild.bot = false;
    advance(60_001);

    for (let times = 0; times < 5; times += 1) expect(failureOf(await visit())).toBe("403 forbidden");

    expect(simulator.requests.filter(({ status }) => status === 403 || status === 404)).toHaveLength(1);
  });

  it("requiresGuild as the bot finds a guild within half a minute of the bot joining it", async () => {
    const { visit, guild, advance } = await startAsBot(createApp, {}, { guild: { bot: false } });
    expect(failureOf(await visit())).toBe("403 forbidden");
    guild.bot = true;
    advance(30_001);

    expect((await visit()).status).toBe(200);
  });

  it.each([{}, { roles: null }, { roles: STAFF }, { message: "OK" }])(
    "requiresGuild as the bot lets nobody in for a response that is not a member: %j",
    async (body) => {
      const { simulator, visit } = await startAsBot(createApp);
      simulator.fail({ kind: "status", status: 200, body, route: MEMBER_ROUTE });
      expect(failureOf(await visit())).toBe("502 discord_unavailable");
      expect((await visit()).status).toBe(200);
    },
  );

  it("requiresGuild as the bot checks the sign-in first", async () => {
    const { app, visit, simulator } = await startAsBot(createApp);

    expect(failureOf(await visit(undefined, app.browser()))).toBe("401 not_signed_in");
    expect(simulator.requests).toEqual([]);
  });

  it("requiresGuild as the bot asks once a minute, whether the visitor is a member or not", async () => {
    const { visit, guild, simulator, user, lookups, advance } = await startAsBot(createApp);
    simulator.removeMember(guild, user);

    for (let times = 0; times < 30; times += 1) expect(failureOf(await visit())).toBe("403 forbidden");
    expect(lookups()).toBe(1);

    simulator.addMember(guild, user);
    advance(60_001);
    await Promise.all(Array.from({ length: 30 }, () => visit()));
    expect((await visit()).status).toBe(200);
    expect(lookups()).toBe(2);
  });

  it("visitors of a guild that the bot has left cause one refused call in 30 seconds, although isBotInGuild names the guild", async () => {
    const { visit, guild, simulator, lookups, advance } = await startAsBot(
      createApp,
      { maxAgeMs: 0 },
      { discord: { isBotInGuild: () => true } },
    );
    guild.bot = false;

    for (let times = 0; times < 30; times += 1) expect(failureOf(await visit())).toBe("403 forbidden");
    expect(lookups()).toBe(1);

    guild.bot = true;
    advance(30_001);
    expect((await visit()).status).toBe(200);
    expect(simulator.requests.filter(({ status }) => status === 403)).toHaveLength(1);
  });

  it("a guild that the bot has left counts as joined again after an invite", async () => {
    const { app, visit, guild, user } = await startAsBot(
      createApp,
      {},
      { member: { owner: true }, discord: { isBotInGuild: () => true } },
    );
    guild.bot = false;
    expect(failureOf(await visit())).toBe("403 forbidden");

    const visitor = app.browser();
    await visitor.signIn("/invite", { user, guildId: guild.id });

    expect((await visit(guild.id, visitor)).status).toBe(200);
  });

  it("the roles of a guild count towards the size of their cache", async () => {
    const roles = Array.from({ length: 30 }, (_, index) => ({
      id: String(1300000000000000000n + BigInt(index)),
    }));
    const { visit, simulator, lookups } = await startAsBot(
      createApp,
      {},
      { guild: { roles }, discord: { cache: { maxBytes: 2000 } } },
    );

    for (let times = 0; times < 2; times += 1) expect((await visit()).status).toBe(200);

    expect([lookups(), simulator.requestsTo("GET /guilds/:id").length]).toEqual([1, 2]);
  });

  it("fetchMember as the bot fails with 404 for a visitor who is not a member", async () => {
    const { browser, guild, simulator, user } = await startAsBot(createApp);
    simulator.removeMember(guild, user);

    expect(failureOf(await browser.get(`/member/as-bot/${guild.id}`))).toBe("404 discord_error");
    expect(failureOf(await browser.get("/member/as-bot/none"))).toBe("400 invalid_snowflake");
  });
});

describe('as: "bot"', () => {
  it("500 visitors at once cause no 429: those who would wait too long get RateLimited", async () => {
    const [, createApp] = LATEST_EXPRESS[0]!;
    const simulator = await startSimulator();
    const guard = requiresGuild((req) => req.params["guildId"], { as: "bot" });
    const app = await startApp(createApp, simulator, {
      routes: (to) => to.get("/in/:guildId", guard, (_req, res) => void res.send("in")),
    });
    const guild = simulator.addGuild();
    simulator.limit({ route: MEMBER_ROUTE, limit: 20, windowMs: 1000 });
    const users = Array.from({ length: 500 }, () => simulator.addUser());
    for (const user of users) simulator.addMember(guild, user);
    const browsers = await signInMany(app, simulator, users);

    const answers = await Promise.all(browsers.map((browser) => browser.get(`/in/${guild.id}`)));

    const outcomes = new Set(answers.map((answer) => (answer.status === 200 ? "in" : failureOf(answer))));
    expect(simulator.requests.filter(({ status }) => status === 429)).toEqual([]);
    expect(outcomes).toEqual(new Set(["in", "429 rate_limited"]));
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(20);
  }, 120_000);

  it("200 visitors of a hundred servers at once stay below Discord's limit on all calls of a bot", async () => {
    const [, createApp] = LATEST_EXPRESS[0]!;
    const simulator = await startSimulator({ behaviour: { globalLimit: 50 } });
    const guard = requiresGuild((req) => req.params["guildId"], { as: "bot" });
    const app = await startApp(createApp, simulator, {
      routes: (to) => to.get("/in/:guildId", guard, (_req, res) => void res.send("in")),
    });
    const guilds = Array.from({ length: 100 }, () => simulator.addGuild());
    simulator.limit({ route: MEMBER_ROUTE, limit: 20, windowMs: 1000 });
    const users = Array.from({ length: 200 }, () => simulator.addUser());
    const guildOf = (index: number) => guilds[index % guilds.length]!;
    for (const [index, user] of users.entries()) simulator.addMember(guildOf(index), user);
    const browsers = await signInMany(app, simulator, users);

    const answers = await Promise.all(
      browsers.map((browser, index) => browser.get(`/in/${guildOf(index).id}`)),
    );

    const outcomes = new Set(answers.map((answer) => (answer.status === 200 ? "in" : failureOf(answer))));
    expect(simulator.requests.map(({ status }) => status)).not.toContain(429);
    expect(outcomes).toEqual(new Set(["in", "429 rate_limited"]));
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(20);
  }, 120_000);
});
