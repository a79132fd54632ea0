import { describe, expect, it, onTestFinished, vi } from "vitest";
import { replaceClock } from "../../src/clock.js";
import { type ApiRequest, RateLimited } from "../../src/index.js";
import type {
  Browser,
  BrowserResponse,
  DiscordSimulator,
  FaultKind,
  SimulatedUser,
} from "../../src/testing/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator, type TestApp } from "../support/app.js";
import { createGate } from "../support/gate.js";
import { signInMany } from "../support/sign-in-many.js";
import { failureOf, refreshesAt, startSignedIn } from "../support/signed-in.js";

const GUILDS = "GET /users/@me/guilds";
const SCOPES = ["identify", "guilds"];
const USERS = 300;
const TEN_MINUTES = 600_000;
/** For many simultaneous requests on a slow machine. */
const PATIENT_MS = 15_000;

type Row = readonly [what: string, fault: FaultKind, retryAfter: number, scope: string];

/** A 429, and the callers that must wait for it. */
const FOR_ONE: readonly Row[] = [
  ["of the user", { kind: "rate-limited", scope: "user", retryAfter: 30 }, 30, "user"],
  ["of something shared", { kind: "rate-limited", scope: "shared", retryAfter: 90 }, 90, "shared"],
];
const FOR_ALL_OF_ONE: readonly Row[] = [
  ["for everything of the user", { kind: "rate-limited", scope: "global", retryAfter: 30 }, 30, "global"],
];
const FOR_ALL: readonly Row[] = [
  ["of the edge in text", { kind: "cloudflare", retryAfter: 120 }, 120, "global"],
  ["of the edge in text that names no time", { kind: "cloudflare" }, 60, "global"],
  ["of the edge in HTML", { kind: "cloudflare", form: "html", retryAfter: 120 }, 120, "global"],
  ["of the edge in HTML that names no time", { kind: "cloudflare", form: "html" }, 60, "global"],
];

function addUsers(simulator: DiscordSimulator, count: number): SimulatedUser[] {
  return Array.from({ length: count }, () => simulator.addUser());
}

/** Fetches the list of guilds. The pages differ, so that no call shares another's response. */
function openGuilds(browser: Browser, page: number): Promise<BrowserResponse> {
  return browser.get(`/request?route=${encodeURIComponent(`/users/@me/guilds?limit=${page}`)}`);
}

function refusalsOf(app: TestApp): RateLimited[] {
  return app.errors.filter((error) => error instanceof RateLimited);
}

function statusesOf(answers: readonly BrowserResponse[]): number[] {
  return answers.map(({ status }) => status);
}

function refusedAt(simulator: DiscordSimulator): number {
  return simulator.requests.filter(({ refused }) => refused).length;
}

/** Holds every wait from now on until it is released or given up. Then its time is over here and at Discord. */
function holdWaits(simulator: DiscordSimulator) {
  const begun = createGate();
  const end = createGate();
  let offset = 0;
  replaceClock({
    now: () => Date.now() + offset,
    sleep: async (ms, signal) => {
      begun.open();
      const givenUp = new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
      await Promise.race([end.opened, givenUp]);
      offset += ms;
      simulator.clock.advance(ms);
    },
  });
  onTestFinished(() => replaceClock());
  return { begun: begun.opened, letGo: end.open };
}

function warnings() {
  const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  onTestFinished(() => emitWarning.mockRestore());
  return emitWarning;
}

describe.each(LATEST_EXPRESS)("rate limits on %s", (_name, createApp) => {
  it(`${USERS} users who come at once get an answer or a correct retryAfter, without a wasted request`, async () => {
    const { simulator, app, browser, advance } = await startSignedIn(createApp, {
      scopes: SCOPES,
      discord: { timeoutMs: PATIENT_MS, maxWaitMs: PATIENT_MS },
    });
    const users = [browser, ...(await signInMany(app, simulator, addUsers(simulator, USERS - 1), SCOPES))];
    simulator.limit({ route: GUILDS, limit: 2, windowMs: TEN_MINUTES });
    simulator.clearRequests();
    await openGuilds(browser, 1);

    const answers = await Promise.all(
      users.flatMap((user) => [2, 3, 4].map((page) => openGuilds(user, page))),
    );

    expect(statusesOf(answers).filter((status) => status === 200)).toHaveLength(2 * USERS - 1);
    expect(statusesOf(answers).filter((status) => status === 503)).toHaveLength(USERS + 1);
    const times = refusalsOf(app).map(({ retryAfter }) => retryAfter);
    expect(times).toHaveLength(USERS + 1);
    expect(Math.max(...times)).toBeLessThanOrEqual(600);

    advance(1000 * (Math.min(...times) - 60));
    expect(statusesOf(await Promise.all(users.map((user) => openGuilds(user, 5))))).toEqual(
      users.map(() => 503),
    );
    expect(simulator.requestsTo(GUILDS)).toHaveLength(2 * USERS);

    advance(1000 * (Math.max(...times) - Math.min(...times) + 60) + 1);
    expect(statusesOf(await Promise.all(users.map((user) => openGuilds(user, 6))))).toEqual(
      users.map(() => 200),
    );
    expect(refusedAt(simulator)).toBe(0);
  });

  it("no user waits for another user's rate limit", async () => {
    const { simulator, app, browser } = await startSignedIn(createApp, { scopes: SCOPES });
    const others = await signInMany(app, simulator, addUsers(simulator, 20), SCOPES);
    simulator.limit({ route: GUILDS, limit: 1, windowMs: 1500 });
    const { begun, letGo } = holdWaits(simulator);
    await openGuilds(browser, 1);

    const waiting = openGuilds(browser, 2);
    await begun;
    const meanwhile = await Promise.all(others.map((other) => openGuilds(other, 1)));
    letGo();

    expect(statusesOf(meanwhile)).toEqual(others.map(() => 200));
    expect((await waiting).status).toBe(200);
    expect(refusedAt(simulator)).toBe(0);
  });

  it("a call does not wait for a rate limit after its visitor has gone", async () => {
    const ended = createGate();
    const outcomes: unknown[] = [];
    const { simulator, app, browser } = await startSignedIn(createApp, {
      scopes: SCOPES,
      routes: (to, discord) => {
        to.get(
          "/impatient",
          forward(async (req, res) => {
            const leaving = new AbortController();
            res.on("close", () => leaving.abort(new Error("The visitor has gone.")));
            await discord.request(req, "/users/@me/guilds", { signal: leaving.signal }).catch((error) => {
              outcomes.push(error);
              ended.open();
            });
          }),
        );
      },
    });
    simulator.limit({ route: GUILDS, limit: 1, windowMs: 1500 });
    const { begun } = holdWaits(simulator);
    await openGuilds(browser, 1);

    const url = new URL("/impatient", app.url);
    const cookie = browser.cookies.headerFor({ url, method: "GET", crossSite: false }) ?? "";
    const visitor = new AbortController();
    const visit = fetch(url, { headers: { cookie }, signal: visitor.signal }).catch(() => "gone");
    await begun;
    visitor.abort();
    await ended.opened;

    expect(await visit).toBe("gone");
    expect(outcomes).toEqual([new Error("The visitor has gone.")]);
    expect(simulator.requestsTo(GUILDS)).toHaveLength(1);
  });

  it.each([
    ...FOR_ONE.map((row) => [...row, [200, 200, 200]] as const),
    ...FOR_ALL_OF_ONE.map((row) => [...row, [503, 200, 200]] as const),
    ...FOR_ALL.map((row) => [...row, [503, 503, 429]] as const),
  ])("a 429 %s blocks only the callers it names", async (_what, fault, retryAfter, scope, others) => {
    const { simulator, app, browser, advance } = await startSignedIn(createApp, { scopes: SCOPES });
    const [other] = await signInMany(app, simulator, addUsers(simulator, 1), SCOPES);
    simulator.fail({ ...fault, route: GUILDS });
    const openElsewhere = async () => [
      await browser.get("/user?fresh=true"),
      await (other as Browser).get("/guilds?fresh=true"),
      await browser.get("/bot?route=/users/@me"),
    ];

    expect(failureOf(await browser.get("/guilds"))).toBe("503 rate_limited");
    expect(refusalsOf(app)[0]).toMatchObject({ retryAfter, scope });
    simulator.clearRequests();
    expect(statusesOf(await openElsewhere())).toEqual(others);
    expect((await browser.get("/guilds")).status).toBe(503);
    expect(simulator.requests).toHaveLength(others.filter((status) => status === 200).length);

    advance(retryAfter * 1000 + 1);
    expect((await browser.get("/guilds")).status).toBe(200);
    expect(statusesOf(await openElsewhere())).toEqual([200, 200, 200]);
  });

  it("a rate limit of the token endpoint holds for every refresh and login, and signs nobody out", async () => {
    const { simulator, app, browser, user, advance } = await startSignedIn(createApp);
    const users = [browser, ...(await signInMany(app, simulator, addUsers(simulator, 20)))];
    const newcomer = app.browser();
    simulator.expireAccessTokens();
    advance(604_800_000);
    simulator.clearRequests();
    simulator.fail({ kind: "rate-limited", route: "POST /oauth2/token", retryAfter: 30 });

    expect(failureOf(await browser.get("/guarded"))).toBe("503 rate_limited");
    const refused = await Promise.all(users.map((one) => one.get("/guarded")));
    expect(statusesOf(refused)).toEqual(users.map(() => 503));
    expect(failureOf(await newcomer.signIn("/login", { user }))).toBe("503 rate_limited");
    expect(simulator.requestsTo("POST /oauth2/token")).toHaveLength(1);
    const [first, ...later] = refusalsOf(app);
    expect(first).toMatchObject({ retryAfter: 30, method: "POST", route: "/oauth2/token" });
    for (const { retryAfter } of later) expect(retryAfter).toBeLessThanOrEqual(30);

    advance(30_001);
    expect(statusesOf(await Promise.all(users.map((one) => one.get("/guarded"))))).toEqual(
      users.map(() => 200),
    );
    expect((await newcomer.signIn("/login", { user })).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1 + users.length);
    expect(refusedAt(simulator)).toBe(1);
  });
});

describe.each(LATEST_EXPRESS)("invalid requests on %s", (_name, createApp) => {
  /** Makes the bot get many 403s. */
  async function failAsBot(app: TestApp, simulator: DiscordSimulator, times: number): Promise<void> {
    const clear = simulator.fail({ kind: "status", status: 403, route: "GET /guilds/:id/roles", times });
    for (let left = times; left > 0; left -= 100) {
      const calls = Array.from({ length: Math.min(left, 100) }, (_, index) =>
        app.discord.botRequest(`/guilds/${left}${index}/roles`),
      );
      await Promise.allSettled(calls);
    }
    clear();
  }

  it("1,000 invalid requests in ten minutes cause a warning, and nothing stops yet", async () => {
    const emitWarning = warnings();
    const { simulator, app, browser } = await startSignedIn(createApp);

    await failAsBot(app, simulator, 999);
    expect(emitWarning).not.toHaveBeenCalled();
    await failAsBot(app, simulator, 2);

    expect(emitWarning).toHaveBeenCalledTimes(1);
    expect(emitWarning).toHaveBeenCalledWith(expect.stringContaining("bans an IP address"), {
      code: "EXPRESS_DISCORD_INVALID_REQUESTS",
    });
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
  });

  it("every call stops at the limit of invalid requests, while refreshes and logins go on", async () => {
    warnings();
    const { simulator, app, browser, user, advance } = await startSignedIn(createApp, {
      behaviour: { accessTokenSeconds: 300 },
      discord: { invalidRequestLimit: 5 },
    });
    await failAsBot(app, simulator, 5);
    simulator.clearRequests();

    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("503 rate_limited");
    expect(failureOf(await browser.get("/bot?route=/users/@me"))).toBe("429 rate_limited");
    const [refusal] = refusalsOf(app);
    expect(refusal).toMatchObject({ scope: "global", isGlobal: true });
    advance(301_000);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect((await app.browser().signIn("/login", { user })).json()).toMatchObject({ replayed: false });
    expect(
      new Set(simulator.requests.filter(({ path }) => path.startsWith("/api")).map(({ route }) => route)),
    ).toEqual(new Set(["/oauth2/token"]));
    expect((await browser.get("/user?fresh=true")).status).toBe(503);

    advance((refusal?.retryAfter ?? 0) * 1000 - 301_000);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
  });

  it("invalid requests to the token endpoint count too", async () => {
    warnings();
    const { simulator, app, user, browser } = await startSignedIn(createApp, {
      discord: { invalidRequestLimit: 3 },
    });
    const body = { error: "invalid_client" };
    simulator.fail({ kind: "status", status: 401, body, route: "POST /oauth2/token", times: 3 });

    for (let login = 0; login < 3; login += 1) {
      expect(failureOf(await app.browser().signIn("/login", { user }))).toBe("500 client_rejected");
    }

    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("503 rate_limited");
    expect(refusalsOf(app)[0]).toMatchObject({ scope: "global" });
  });

  it.each([403, 429])(
    "one visitor cannot exhaust the limit of invalid requests with answers of %i",
    async (status) => {
      const { simulator, app, browser, advance } = await startSignedIn(createApp, {
        scopes: ["identify", "guilds.members.read"],
        discord: { invalidRequestLimit: 100 },
      });
      const other = app.browser();
      await other.signIn("/login", { user: simulator.addUser() });
      const route = "GET /users/@me/guilds/:id/member";
      const body =
        status === 429 ? { message: "You are being rate limited.", retry_after: 30, global: false } : {};
      const recover = simulator.fail({
        kind: "status",
        status,
        body,
        route,
        times: Number.POSITIVE_INFINITY,
      });
      simulator.clearRequests();

      for (let guild = 1; guild <= 120; guild += 1) await browser.get(`/member/${guild}`);

      expect(simulator.requestsTo(route)).toHaveLength(10);
      expect(failureOf(await browser.get("/user?fresh=true"))).toBe("503 rate_limited");
      expect(refusalsOf(app).at(-1)).toMatchObject({ scope: "global" });
      expect((await other.get("/user?fresh=true")).status).toBe(200);
      expect((await browser.get("/bot?route=/users/@me")).status).toBe(200);
      expect((await browser.get("/guarded")).status).toBe(200);

      recover();
      advance(TEN_MINUTES);
      expect((await browser.get("/user?fresh=true")).status).toBe(200);
    },
  );

  it("one client with made-up tokens cannot exhaust the limit of invalid requests", async () => {
    const { simulator, app, browser, advance } = await startSignedIn(createApp, {
      discord: { invalidRequestLimit: 100 },
      routes: (to, discord) => {
        to.get(
          "/api/me",
          forward(async (req, res) => {
            const token = req.headers.authorization?.replace("Bearer ", "") ?? "";
            res.json({ id: (await (await discord.sessionFromAccessToken(token)).fetchUser()).id });
          }),
        );
      },
    });
    const phone = simulator.issueToken(simulator.addUser(), SCOPES).access_token;
    const newPhone = simulator.issueToken(simulator.addUser(), SCOPES).access_token;
    const callWith = (token: string) =>
      app.browser().get("/api/me", { headers: { Authorization: `Bearer ${token}` } });
    expect((await callWith(phone)).status).toBe(200);
    simulator.clearRequests();

    const attacks = await Promise.all(
      Array.from({ length: 200 }, (_, attempt) => callWith(`made-up-${attempt}`)),
    );

    expect(statusesOf(attacks).filter((status) => status === 401)).toHaveLength(10);
    expect(statusesOf(attacks).filter((status) => status === 503)).toHaveLength(190);
    expect(simulator.requests).toHaveLength(10);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect((await browser.get("/bot?route=/users/@me")).status).toBe(200);

    advance(61_000);
    expect((await callWith(phone)).status).toBe(200);
    expect(simulator.requestsTo("/oauth2/@me").filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await callWith(newPhone)).status).toBe(503);
    advance(TEN_MINUTES);
    expect((await callWith(newPhone)).status).toBe(200);
  });
});

describe("rushes of calls as the bot", () => {
  it("after a 429 for all calls of the bot, a rush causes no more of them, and webhooks do not wait", async () => {
    const [, createApp] = LATEST_EXPRESS[0]!;
    const simulator = await startSimulator({ behaviour: { globalLimit: 50 } });
    const { discord } = await startApp(createApp, simulator);
    const [webhook = ""] = /\/webhooks.*/.exec(simulator.addWebhook(simulator.addGuild()).url) ?? [];
    const rush = (count: number, route: string, request: ApiRequest = {}) =>
      Promise.allSettled(Array.from({ length: count }, () => discord.botRequest(route, request)));
    await rush(60, "/users/@me");
    expect(refusedAt(simulator)).toBeGreaterThan(0);
    simulator.clearRequests();

    const outcomes = await rush(300, "/users/@me");

    expect(refusedAt(simulator)).toBe(0);
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeGreaterThanOrEqual(50);
    simulator.behaviour.globalLimit = null;
    const posts = await rush(200, webhook, { method: "POST", json: { content: "Hello" } });
    expect(posts.filter(({ status }) => status === "rejected")).toEqual([]);
  }, 60_000);
});
