import type { Application } from "express";
import { MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import type { DiscordOptions, Guild } from "../../src/index.js";
import { forward, LATEST_EXPRESS } from "../support/app.js";
import { observe, SESSION } from "../support/memory-store.js";
import { failureOf, startSignedIn } from "../support/signed-in.js";

const ROUTE = "GET /users/@me/guilds";

async function startGuilds(
  createApp: () => Application,
  discord: DiscordOptions = {},
  store = new MemoryStore(),
) {
  const seen: (readonly Guild[])[] = [];
  const started = await startSignedIn(createApp, {
    scopes: ["identify", "guilds"],
    discord,
    session: { store },
    routes(to, session) {
      to.get(
        "/marked",
        forward(async (req, res) => {
          const options = { withBot: true, ...("fresh" in req.query && { fresh: true }) };
          seen.push(await session.fetchGuilds(req, options));
          res.json(seen.at(-1)?.map(({ id, hasBot }) => [id, hasBot]));
        }),
      );
      to.get(
        "/invite",
        forward((req, res) => session.createSession(req, res, { scopes: ["identify", "bot"] })),
      );
      to.get(
        "/own",
        forward(async (req, res) => {
          res.json((await session.fetchBotGuilds({ fresh: "fresh" in req.query })).map(({ id }) => id));
        }),
      );
    },
  });
  const { simulator } = started;
  const listed = () =>
    simulator.requestsTo(ROUTE).filter(({ headers }) => /^Bot /.test(String(headers["authorization"])))
      .length;
  return { ...started, seen, listed };
}

describe.each(LATEST_EXPRESS)("the bot's guilds on %s", (_name, createApp) => {
  it("fetchBotGuilds gives every guild with one call for each 200, cached and shared", async () => {
    const { app, browser, listed, simulator } = await startGuilds(createApp);
    const ids = Array.from({ length: 401 }, () => simulator.addGuild().id);
    simulator.addGuild({ bot: false });

    const answers = await Promise.all(Array.from({ length: 5 }, () => app.browser().get("/own")));
    answers.push(await browser.get("/own"));

    for (const answer of answers) expect(answer.json<string[]>().toSorted()).toEqual(ids.toSorted());
    expect(listed()).toBe(3);
    await browser.get("/own?fresh");
    expect(listed()).toBe(6);
  });

  it("the bot's guilds are too many above 5,000, unless the app says which they are", async () => {
    const { browser, simulator, user } = await startGuilds(createApp);
    const [first] = Array.from({ length: 5000 }, () => simulator.addGuild());
    simulator.addMember(first!, user);

    expect(failureOf(await browser.get("/own"))).toBe("500 too_many_guilds");
    expect(failureOf(await browser.get("/marked"))).toBe("500 too_many_guilds");

    const told = await startGuilds(createApp, { isBotInGuild: async (id) => id.endsWith("0") });
    for (let count = 0; count < 30; count += 1)
      told.simulator.addMember(told.simulator.addGuild(), told.user);
    const marks = (await told.browser.get("/marked")).json<[string, boolean][]>();
    expect(marks).toHaveLength(30);
    for (const [id, hasBot] of marks) expect(hasBot).toBe(id.endsWith("0"));
    expect(told.listed()).toBe(0);
  });

  it("the visitor's guilds are marked if the bot is in them", async () => {
    const { browser, seen, simulator, user } = await startGuilds(createApp);
    const [withBot, without] = [simulator.addGuild(), simulator.addGuild({ bot: false })];
    for (const guild of [withBot, without]) simulator.addMember(guild, user, { permissions: 32n });

    const marks = Object.fromEntries((await browser.get("/marked")).json<[string, boolean][]>());

    expect(marks).toEqual({ [withBot.id]: true, [without.id]: false });
    expect(seen[0]?.every((guild) => guild.can("MANAGE_GUILD"))).toBe(true);
  });

  it("the marks are as fresh as the guilds that they are asked for with", async () => {
    const { browser, simulator, user } = await startGuilds(createApp);
    const guild = simulator.addGuild();
    simulator.addMember(guild, user);
    await browser.get("/marked");
    const added = simulator.addGuild();
    simulator.addMember(added, user);

    const marks = (await browser.get("/marked?fresh")).json();

    expect(marks).toEqual([
      [guild.id, true],
      [added.id, true],
    ]);
  });

  it("a bot with too many guilds is counted once, however many visitors come", async () => {
    const { browser, listed, simulator } = await startGuilds(createApp);
    for (let count = 0; count < 5000; count += 1) simulator.addGuild();

    for (let times = 0; times < 3; times += 1)
      expect(failureOf(await browser.get("/marked"))).toBe("500 too_many_guilds");

    expect(listed()).toBe(25);
  });

  it("isBotInGuild may return a guild of the app's cache, which reaches no response", async () => {
    const cache = new Map<string, object>();
    const { browser, simulator, user } = await startGuilds(createApp, {
      isBotInGuild: (id) => cache.get(id) as unknown as boolean,
    });
    const [withBot, without] = [simulator.addGuild(), simulator.addGuild()];
    for (const guild of [withBot, without]) simulator.addMember(guild, user);
    cache.set(withBot.id, { secret: "of the bot" });

    const marks = Object.fromEntries((await browser.get("/marked")).json<[string, boolean][]>());

    expect(marks).toEqual({ [withBot.id]: true, [without.id]: false });
  });

  it("the visitor's guilds have no mark if nobody asks for the bot's", async () => {
    const { app, simulator, user } = await startGuilds(createApp);
    simulator.addMember(simulator.addGuild(), user);
    const token = simulator.issueToken(user, ["identify", "guilds"]);

    const [guild] = await (await app.discord.sessionFromAccessToken(token.access_token)).fetchGuilds();

    expect(guild?.hasBot).toBeUndefined();
    expect(Object.keys(guild ?? {})).not.toContain("hasBot");
  });

  it("the bot's guilds are fetched again after an invite", async () => {
    const { app, browser, simulator, user } = await startGuilds(createApp);
    const guild = simulator.addGuild({ bot: false });
    simulator.addMember(guild, user, { owner: true });
    await browser.get("/marked");
    expect((await browser.get("/marked")).json()).toContainEqual([guild.id, false]);

    await app.browser().signIn("/invite", { user, guildId: guild.id });

    expect((await browser.get("/marked")).json()).toContainEqual([guild.id, true]);
  });

  it("the bot's guilds are fetched again after an invite whose callback had to be repeated", async () => {
    const observed = observe(new MemoryStore());
    const { app, browser, simulator, user } = await startGuilds(createApp, {}, observed.store);
    const guild = simulator.addGuild({ bot: false });
    simulator.addMember(guild, user, { owner: true });
    expect((await browser.get("/marked")).json()).toContainEqual([guild.id, false]);
    const visitor = app.browser();
    const { location } = await visitor.get("/invite");
    const callbackUrl = await simulator.approve(location ?? "", { user, guildId: guild.id });
    observed.fail("set", SESSION);
    expect(failureOf(await visitor.get(callbackUrl))).toBe("503 store_failed");
    observed.recover();

    expect((await visitor.get(callbackUrl)).status).toBe(200);

    expect((await browser.get("/marked")).json()).toContainEqual([guild.id, true]);
  });

  it("the bot's guilds need the bot's token", async () => {
    const { browser } = await startGuilds(createApp, { botToken: "wrong" });

    expect(failureOf(await browser.get("/own"))).toBe("500 bot_token_rejected");
  });
});
