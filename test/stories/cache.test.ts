import { LRUCache } from "lru-cache";
import { describe, expect, it } from "vitest";
import type { User } from "../../src/index.js";
import { forward, LATEST_EXPRESS } from "../support/app.js";
import { failureOf, startSignedIn } from "../support/signed-in.js";

const TTL_MS = 300_000;
const SCOPES = ["identify", "guilds", "connections", "guilds.members.read"];

describe.each(LATEST_EXPRESS)("the cache on %s", (_name, createApp) => {
  it("the user is cached after a login without another call", async () => {
    const { simulator, user, browser } = await startSignedIn(createApp);
    expect((await browser.get("/user")).json()).toMatchObject({ id: user.id });
    expect(simulator.requests).toEqual([]);
  });

  it("the user is fetched once for 200 page views at once", async () => {
    const { simulator, user, browser, advance } = await startSignedIn(createApp);
    advance(TTL_MS + 1);
    const views = await Promise.all(Array.from({ length: 200 }, () => browser.get("/user")));
    expect(views.map((view) => view.json<{ id: string }>().id)).toEqual(Array(200).fill(user.id));
    expect(simulator.requests.map(({ apiPath }) => apiPath)).toEqual(["/users/@me"]);
  });

  it.each(["/user", "/guilds", "/connections", "/member/7"])(
    "the response of %s is cached for five minutes",
    async (path) => {
      const { simulator, user, browser, advance } = await startSignedIn(createApp, { scopes: SCOPES });
      simulator.addMember(simulator.addGuild({ id: "7" }), user);
      await browser.get(path);
      const before = simulator.requests.length;
      advance(TTL_MS - 10_000);
      expect((await browser.get(path)).status).toBe(200);
      expect(simulator.requests).toHaveLength(before);

      advance(10_001);
      expect((await browser.get(path)).status).toBe(200);
      expect(simulator.requests).toHaveLength(before + 1);
    },
  );

  it("the app decides how long a user is cached", async () => {
    const { simulator, browser, advance } = await startSignedIn(createApp, {
      discord: { cache: { ttlMs: 1000 } },
    });
    advance(1001);
    await browser.get("/user");
    expect(simulator.requests).toHaveLength(1);
  });

  it("a cached response does not outlive its time if the clock is set back", async () => {
    const { simulator, browser, advance } = await startSignedIn(createApp);
    advance(-2 * TTL_MS);
    expect((await browser.get("/user")).status).toBe(200);
    expect(simulator.requestsTo("/users/@me")).toHaveLength(1);
  });

  it("a fresh fetch asks Discord again, and refreshes the cache", async () => {
    const { simulator, user, browser } = await startSignedIn(createApp);
    user.payload.username = "renamed";
    expect((await browser.get("/user")).json()).not.toMatchObject({ username: "renamed" });
    expect((await browser.get("/user?fresh=true")).json()).toMatchObject({ username: "renamed" });
    expect((await browser.get("/user")).json()).toMatchObject({ username: "renamed" });
    expect(simulator.requests).toHaveLength(1);
  });

  it("a cached user older than maxAgeMs is fetched again", async () => {
    const { simulator, browser, advance } = await startSignedIn(createApp);
    advance(10_000);
    await browser.get("/user?maxAgeMs=60000");
    expect(simulator.requests).toHaveLength(0);
    await browser.get("/user?maxAgeMs=5000");
    expect(simulator.requests).toHaveLength(1);
    await browser.get("/user?maxAgeMs=5000");
    expect(simulator.requests).toHaveLength(1);
  });

  it.each(["fresh=true", "maxAgeMs=0"])(
    "a fetch with %s does not share the response of an earlier request",
    async (query) => {
      const { simulator, browser } = await startSignedIn(createApp);
      simulator.fail({ kind: "delay", ms: 200, route: "/users/@me" });
      const slow = browser.get("/user?fresh=true");
      await expect.poll(() => simulator.requests.length).toBe(1);
      expect((await browser.get(`/user?${query}`)).status).toBe(200);
      expect(simulator.requests).toHaveLength(2);
      expect((await slow).status).toBe(200);
    },
  );

  it("the cache stays within its limit, and drops the entries that were not read lately", async () => {
    const { simulator, app, user, browser } = await startSignedIn(createApp, {
      scopes: SCOPES,
      discord: { cache: { maxBytes: 2000 } },
    });
    const other = app.browser();
    const otherUser = simulator.addUser();
    await other.signIn("/login", { user: otherUser });
    const guild = simulator.addGuild({ name: "x".repeat(500) });
    for (const member of [user, otherUser]) simulator.addMember(guild, member);
    simulator.clearRequests();

    for (const [visitor, requests] of [
      [browser, 1],
      [browser, 1],
      [other, 2],
      [other, 2],
      [browser, 3],
    ] as const) {
      expect((await visitor.get("/guilds")).json()).toHaveLength(1);
      expect(simulator.requestsTo("/users/@me/guilds")).toHaveLength(requests);
    }
  });

  it("a user fetched with more scopes is not shown to another session of theirs with fewer", async () => {
    const { app, user, browser } = await startSignedIn(createApp, {
      login: (req) => (req.query["wide"] ? { scopes: ["identify", "email"] } : {}),
    });
    const wide = app.browser();
    await wide.signIn("/login?wide=true", { user });
    expect((await wide.get("/user")).json()).toHaveProperty("email");
    expect((await browser.get("/user")).json()).not.toHaveProperty("email");
    expect((await browser.get("/user?fresh=true")).json()).not.toHaveProperty("email");
    expect((await wide.get("/user")).json()).toHaveProperty("email");
  });

  it("cached data is not shown to the next user of the same browser", async () => {
    const { simulator, user, browser } = await startSignedIn(createApp, { scopes: SCOPES });
    simulator.addMember(simulator.addGuild({ name: "theirs" }), user);
    expect((await browser.get("/guilds")).json()).toHaveLength(1);

    const next = simulator.addUser();
    await browser.signIn("/login", { user: next });
    expect((await browser.get("/user")).json()).toMatchObject({ id: next.id });
    expect((await browser.get("/guilds")).json()).toEqual([]);
  });

  it("a failed fetch is not cached", async () => {
    const { simulator, browser } = await startSignedIn(createApp, { scopes: SCOPES });
    simulator.fail({ kind: "status", status: 500, route: "/users/@me/guilds" });
    const answers = await Promise.all([1, 2, 3].map(() => browser.get("/guilds")));
    expect(answers.map(failureOf)).toEqual(Array(3).fill("502 discord_unavailable"));
    expect(simulator.requests).toHaveLength(1);
    expect((await browser.get("/guilds")).status).toBe(200);
  });

  it("a logout removes the user from the cache, even while a fetch is in flight", async () => {
    const { simulator, app, browser } = await startSignedIn(createApp);
    expect(app.discord.usersCache.size).toBe(1);
    simulator.fail({ kind: "delay", ms: 100, route: "/users/@me" });
    const slow = browser.get("/user?fresh=true");
    await expect.poll(() => simulator.requests.length).toBe(1);
    await browser.post("/logout");

    expect(app.discord.usersCache.size).toBe(0);
    expect((await slow).status).toBe(200);
    expect(app.discord.usersCache.size).toBe(0);
    expect((await browser.get("/user")).status).toBe(401);
  });

  it("the app can bring its own cache, which need not know ages", async () => {
    const usersCache = new LRUCache<string, User>({ max: 10 });
    const { simulator, app, user, browser, advance } = await startSignedIn(createApp, {
      discord: { usersCache },
    });
    expect(app.discord.usersCache).toBe(usersCache);
    expect([...usersCache.values()].map(({ id }) => id)).toEqual([user.id]);

    advance(TTL_MS * 10);
    await browser.get("/user");
    expect(simulator.requests).toHaveLength(0);
    await browser.get("/user?maxAgeMs=60000");
    expect(simulator.requests).toHaveLength(1);

    usersCache.clear();
    await browser.get("/user");
    expect(simulator.requests).toHaveLength(2);
    await browser.post("/logout");
    expect(usersCache.size).toBe(0);
  });

  it.each(["fetchGuilds", "fetchConnections"] as const)(
    "a caller may change what %s returned without changing the cache",
    async (method) => {
      const { simulator, user, browser } = await startSignedIn(createApp, {
        scopes: SCOPES,
        routes(app, discord) {
          app.get(
            "/emptied",
            forward(async (req, res) => {
              const first = await discord[method](req);
              first.length = 0;
              res.json(await discord[method](req));
            }),
          );
        },
      });
      simulator.addMember(simulator.addGuild(), user);
      simulator.addConnection(user);
      expect((await browser.get("/emptied")).json()).toHaveLength(1);
      expect(simulator.requests).toHaveLength(1);
    },
  );

  it("a session whose login could not find out the user gets the user with the next fetch", async () => {
    const { simulator, app, user } = await startSignedIn(createApp, {
      routes(to, discord) {
        to.get("/id", (req, res) => void res.json({ id: discord.userId(req) }));
      },
    });
    simulator.fail({ kind: "status", status: 500, route: "/users/@me" });
    const browser = app.browser();
    await browser.signIn("/login", { user });
    expect((await browser.get("/id")).json()).toEqual({});
    await browser.get("/user");
    expect((await browser.get("/id")).json()).toEqual({ id: user.id });
    await browser.post("/logout");
    expect((await browser.get("/id")).json()).toEqual({});
  });
});
