import { describe, expect, it } from "vitest";
import type { Browser, BrowserResponse, FaultKind } from "../../src/testing/index.js";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { startDoorway } from "../support/doorway.js";
import { openLogin } from "../support/login.js";
import { failureOf, lastFailure, patienceFor, startSignedIn, WEEK_MS } from "../support/signed-in.js";

type Row = readonly [what: string, fault: FaultKind, name: string, failure: string];

/** Failures of Discord, and the error that the app gets for any call. */
const UNAVAILABLE: readonly Row[] = [
  ["the connection is reset", { kind: "reset" }, "HttpException", "502 discord_unavailable"],
  ["nothing is answered", { kind: "hang" }, "HttpException", "504 discord_timeout"],
  ["500 comes in JSON", { kind: "status", status: 500 }, "HttpException", "502 discord_unavailable"],
  ["502 comes in HTML", { kind: "html" }, "HttpException", "502 discord_unavailable"],
  ["503 comes in HTML", { kind: "html", status: 503 }, "HttpException", "502 discord_unavailable"],
  ["200 comes in HTML", { kind: "html", status: 200 }, "HttpException", "502 discord_unavailable"],
  ["the answer is cut off", { kind: "truncated" }, "HttpException", "502 discord_unavailable"],
  ["the answer never comes", { kind: "swallowed" }, "HttpException", "502 discord_unavailable"],
  ["the answer is too slow", { kind: "slow-body", everyMs: 50 }, "HttpException", "504 discord_timeout"],
  ["the JSON is broken", { kind: "invalid-json" }, "HttpException", "502 discord_unavailable"],
  ["the answer is endless", { kind: "huge-body" }, "HttpException", "502 discord_unavailable"],
];

/** 429, and responses that only API calls distinguish. */
const REFUSED: readonly Row[] = [
  ["429 is answered", { kind: "rate-limited", retryAfter: 60 }, "RateLimited", "503 rate_limited"],
  ["the edge answers 429 in text", { kind: "cloudflare" }, "RateLimited", "503 rate_limited"],
  ["the edge answers 429 in HTML", { kind: "cloudflare", form: "html" }, "RateLimited", "503 rate_limited"],
];

const ANSWERED: readonly Row[] = [
  ["the edge blocks", { kind: "blocked" }, "HttpException", "403 discord_error"],
  ["404 is answered", { kind: "status", status: 404 }, "HttpException", "404 discord_error"],
  [
    "a redirect is answered",
    { kind: "status", status: 302, headers: { Location: "/" } },
    "HttpException",
    "502 discord_unavailable",
  ],
];

/** Each call of a visitor: its route at Discord, and how to make it. */
const USER_STEPS = [
  ["fetchUser", "GET /users/@me", "/user?fresh=true"],
  ["fetchGuilds", "GET /users/@me/guilds", "/guilds"],
  ["fetchConnections", "GET /users/@me/connections", "/connections"],
  ["request", "GET /oauth2/@me", "/request?route=/oauth2/@me"],
] as const;

const ALL_SCOPES = ["identify", "guilds", "connections", "guilds.join"];

function asBot(row: Row): Row {
  const [what, fault, name, failure] = row;
  return [what, fault, name, failure.replace("503 rate_limited", "429 rate_limited")];
}

describe.each(LATEST_EXPRESS)("an unavailable Discord on %s", (_name, createApp) => {
  describe.each(USER_STEPS)("%s", (step, route, path) => {
    it.each([...UNAVAILABLE, ...REFUSED, ...ANSWERED])(
      `${step} fails when %s`,
      async (_what, fault, name, failure) => {
        const { simulator, app, user, browser, advance } = await startSignedIn(createApp, {
          scopes: ALL_SCOPES,
          discord: patienceFor(fault),
        });
        simulator.addMember(simulator.addGuild(), user);
        simulator.addConnection(user);
        simulator.fail({ ...fault, route, times: 2 });
        expect(failureOf(await browser.get(path))).toBe(failure);
        expect(lastFailure(app).name).toBe(name);
        expect((await browser.get("/guarded")).status).toBe(200);

        simulator.clearFaults();
        advance(61_000);
        expect((await browser.get(path)).status).toBe(200);
      },
    );
  });

  describe.each([
    ["botRequest", "GET /users/@me", () => "/bot?route=/users/@me"],
    ["addToGuild", "PUT /guilds/:id/members/:id", (guildId: string) => `/join/${guildId}`],
  ] as const)("%s", (step, route, pathFor) => {
    it.each([...UNAVAILABLE, ...REFUSED, ...ANSWERED].map(asBot))(
      `${step} fails when %s`,
      async (_what, fault, name, failure) => {
        const { simulator, app, browser, advance } = await startSignedIn(createApp, {
          scopes: ALL_SCOPES,
          discord: patienceFor(fault),
        });
        const path = pathFor(simulator.addGuild().id);
        simulator.fail({ ...fault, route, times: 2 });
        expect(failureOf(await browser.get(path))).toBe(failure);
        expect(lastFailure(app).name).toBe(name);

        simulator.clearFaults();
        advance(61_000);
        expect((await browser.get(path)).status).toBe(200);
      },
    );
  });

  it.each(UNAVAILABLE)("the code exchange fails when %s", async (_what, fault, name, failure) => {
    const { simulator, app, user, advance } = await startSignedIn(createApp, {
      discord: patienceFor(fault),
    });
    simulator.fail({ ...fault, route: "POST /oauth2/token" });
    const browser = app.browser();
    const login = await openLogin(browser, simulator, user);

    expect(failureOf(await browser.get(login.callbackUrl))).toBe(failure);
    expect(lastFailure(app).name).toBe(name);
    expect(failureOf(await browser.get(login.callbackUrl))).toBe("400 flow_unknown");
    expect((await browser.get("/guarded")).status).toBe(401);

    advance(61_000);
    expect((await browser.signIn("/login", { user })).json()).toMatchObject({ userId: user.id });
    expect((await browser.get("/guarded")).status).toBe(200);
  });

  it.each(REFUSED)("the code exchange can be tried again when %s", async (_what, fault, name, failure) => {
    const { simulator, app, user, advance } = await startSignedIn(createApp);
    simulator.fail({ ...fault, route: "POST /oauth2/token" });
    const browser = app.browser();
    const login = await openLogin(browser, simulator, user);

    expect(failureOf(await browser.get(login.callbackUrl))).toBe(failure);
    expect(lastFailure(app).name).toBe(name);
    expect(failureOf(await browser.get(login.callbackUrl))).toBe(failure);
    expect((await browser.get("/guarded")).status).toBe(401);

    advance(61_000);
    expect((await browser.get(login.callbackUrl)).json()).toMatchObject({
      replayed: false,
      userId: user.id,
    });
    expect((await browser.get("/guarded")).status).toBe(200);
    expect((await browser.get(login.callbackUrl)).json()).toMatchObject({ replayed: true });
  });

  it("the code exchange waits out a short 429", async () => {
    const { simulator, app, user } = await startSignedIn(createApp);
    simulator.fail({ kind: "rate-limited", retryAfter: 1.5, route: "POST /oauth2/token" });
    const login = await app.browser().signIn("/login", { user });
    expect([login.status, login.json()]).toMatchObject([200, { userId: user.id }]);
    expect(simulator.requestsTo("POST /oauth2/token").map(({ status }) => status)).toEqual([429, 200]);
  });

  it.each([
    ["an empty object", {}],
    ["a list", []],
    ["a token that is not a string", { access_token: {} }],
    ["an empty token", { access_token: "", token_type: "Bearer" }],
    ["text", "It works."],
  ])("the code exchange fails when the response is %s with 200", async (_what, body) => {
    const { simulator, app, user } = await startSignedIn(createApp);
    simulator.fail({ kind: "status", status: 200, body, route: "POST /oauth2/token" });
    const browser = app.browser();
    expect(failureOf(await browser.signIn("/login", { user }))).toBe("502 discord_unavailable");
    expect((await browser.signIn("/login", { user })).status).toBe(200);
  });

  it.each([...UNAVAILABLE, ...REFUSED, ...ANSWERED])(
    "a login succeeds without its user when %s",
    async (_what, fault) => {
      const { simulator, app, user, advance } = await startSignedIn(createApp, {
        discord: patienceFor(fault),
      });
      simulator.fail({ ...fault, route: "GET /users/@me", times: 2 });
      const browser = app.browser();
      const login = await browser.signIn("/login", { user });
      expect([login.status, login.json()]).toMatchObject([200, { replayed: false }]);
      expect(login.json()).not.toHaveProperty("userId");

      simulator.clearFaults();
      advance(61_000);
      expect((await browser.get("/user")).json()).toMatchObject({ id: user.id });
    },
  );

  it.each([
    ["something that is not an object", [1]],
    ["a user without an id", { username: "mira" }],
    ["a user whose id is a number", { id: 1, username: "mira" }],
  ])("fetchUser fails when Discord sends %s for a user", async (_what, body) => {
    const { simulator, browser } = await startSignedIn(createApp);
    simulator.fail({ kind: "status", status: 200, body, route: "GET /users/@me" });
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("502 discord_unavailable");
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
  });

  it.each([[{}], [[]], [null], [5], [{ application: null }]])(
    "sessionFromAccessToken and fetchBot fail when Discord sends %j",
    async (body) => {
      const { simulator, app, browser } = await startSignedIn(createApp, {
        discord: { botToken: "a.bot.token" },
      });
      await browser.get("/user?fresh=true");
      const token = simulator.requestsTo("GET /users/@me")[0]?.token ?? "";
      const answer = {
        kind: "status",
        status: 200,
        body: JSON.stringify(body),
        headers: JSON_HEADERS,
      } as const;
      simulator.fail({ ...answer, route: "GET /oauth2/@me" });
      await expect(app.discord.sessionFromAccessToken(token)).rejects.toMatchObject({
        code: "discord_unavailable",
      });
      simulator.fail({ ...answer, route: "GET /users/@me" });
      await expect(app.discord.fetchBot()).rejects.toMatchObject({ code: "discord_unavailable" });
    },
  );

  it.each([
    ["/guilds", "GET /users/@me/guilds", { guilds: [] }],
    ["/connections", "GET /users/@me/connections", null],
    ["/guilds", "GET /users/@me/guilds", [null]],
  ])("a call of %s fails when Discord sends no list of them", async (path, route, body) => {
    const { simulator, browser } = await startSignedIn(createApp, { scopes: ALL_SCOPES });
    simulator.fail({ kind: "status", status: 200, body: JSON.stringify(body), route, headers: JSON_HEADERS });
    expect(failureOf(await browser.get(path))).toBe("502 discord_unavailable");
    expect((await browser.get(path)).status).toBe(200);
  });

  it("a failure that lasts for one request is retried without an error", async () => {
    const { simulator, app, browser } = await startSignedIn(createApp);
    for (const fault of [{ kind: "reset" }, { kind: "html" }, { kind: "truncated" }] as const) {
      simulator.fail({ ...fault, route: "GET /users/@me" });
      expect((await browser.get("/user?fresh=true")).status).toBe(200);
    }
    expect(app.errors).toEqual([]);
  });
});

const JSON_HEADERS = { "Content-Type": "application/json" };

describe.each(LATEST_EXPRESS)("refused connections on %s", (_name, createApp) => {
  async function start() {
    const simulator = await startSimulator();
    const clock = movableClock();
    const door = await startDoorway(simulator.url);
    const app = await startApp(createApp, simulator, {
      discord: { discordUrl: door.url, issuer: simulator.url, scopes: ALL_SCOPES },
      routes(to, discord) {
        to.get("/bot", (_req, res, next) => {
          discord.botRequest("/users/@me").then((bot) => res.json(bot), next);
        });
        to.get("/join/:id", (req, res, next) => {
          discord.addToGuild(req, String(req.params["id"])).then((member) => res.json(member), next);
        });
      },
    });
    const user = simulator.addUser();
    const browser = app.browser();
    const signIn = async (): Promise<BrowserResponse> => {
      const { callbackUrl } = await openLogin(browser, simulator, user);
      return browser.get(callbackUrl);
    };
    const advance = (ms: number) => {
      clock.advance(ms);
      simulator.clock.advance(ms);
    };
    return { simulator, door, browser, signIn, advance };
  }

  it("a login fails while Discord refuses connections, and the next one works", async () => {
    const { simulator, door, browser, signIn } = await start();
    const user = simulator.addUser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    await door.shut();
    expect(failureOf(await browser.get(callbackUrl))).toBe("502 discord_unavailable");
    await door.open();
    expect((await signIn()).status).toBe(200);
  });

  it.each<readonly [string, (browser: Browser, guildId: string) => Promise<BrowserResponse>]>([
    ["fetchUser", (browser) => browser.get("/me")],
    ["a call of the bot", (browser) => browser.get("/bot")],
    ["addToGuild", (browser, guildId) => browser.get(`/join/${guildId}`)],
  ])("a failure of refused connections reaches %s, and the next call works", async (_step, call) => {
    const { simulator, door, browser, signIn, advance } = await start();
    const guild = simulator.addGuild();
    await signIn();
    advance(300_001);
    await door.shut();
    expect(failureOf(await call(browser, guild.id))).toBe("502 discord_unavailable");
    await door.open();
    expect((await call(browser, guild.id)).status).toBe(200);
  });

  it("a refresh fails while Discord refuses connections, and the next one works", async () => {
    const { door, browser, signIn, advance } = await start();
    await signIn();
    advance(WEEK_MS);
    await door.shut();
    expect(failureOf(await browser.get("/me"))).toBe("502 discord_unavailable");
    await door.open();
    expect((await browser.get("/me")).status).toBe(200);
  });

  it("a logout everywhere fails while Discord refuses connections, and holds here", async () => {
    const { door, browser, signIn } = await start();
    await signIn();
    await door.shut();
    expect(failureOf(await browser.post("/logout?everywhere=true"))).toBe("502 discord_unavailable");
    await door.open();
    expect((await browser.get("/me")).status).toBe(401);
    expect((await signIn()).status).toBe(200);
  });
});
