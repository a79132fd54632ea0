import { inspect } from "node:util";
import type { Application } from "express";
import { describe, expect, it } from "vitest";
import {
  type ConnectedLogin,
  discordRouter,
  Forbidden,
  type Login,
  type LoginOptions,
  type LoginResult,
  type RouterOptions,
  redirectUnauthorized,
  requiresAuthorization,
} from "../../src/index.js";
import type { Browser } from "../../src/testing/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { exchangesAt, lastError, loginCookies, openLogin, signedInAs } from "../support/login.js";
import { observe, RECORD, SharedStore } from "../support/memory-store.js";
import { failureOf } from "../support/signed-in.js";

declare module "express-session" {
  interface SessionData {
    account?: string;
    visits?: number;
  }
}

const OWN_PAGE = { headers: { "Sec-Fetch-Site": "same-origin" } };

/**
 * An app with local accounts: `/local/:id` signs in to one, `/connect` starts to connect a Discord account, `/finish`
 * is the callback.
 */
async function startAccounts(
  createApp: () => Application,
  { store = new SharedStore(), router }: { store?: SharedStore; router?: RouterOptions } = {},
) {
  const simulator = await startSimulator();
  const results: LoginResult[] = [];
  let wishes: LoginOptions = {};
  const app = await startApp(createApp, simulator, {
    session: { store },
    callbackPath: router ? "/auth/callback" : "/finish",
    routes(to, discord) {
      to.post("/local/:id", (req, res) => {
        req.session.account = req.params["id"];
        req.session.visits = 7;
        res.end();
      });
      to.get(
        "/connect",
        forward((req, res) =>
          discord.createSession(req, res, { connect: req.session.account ?? "", ...wishes }),
        ),
      );
      to.get(
        "/finish",
        forward(async (req, res) => {
          results.push(await discord.callback(req, res, { connect: req.session.account }));
          res.json(results.at(-1));
        }),
      );
      to.get("/session", (req, res) => {
        const { account, visits } = req.session;
        res.json({ id: req.sessionID, account, visits });
      });
      if (router) to.use("/auth", discordRouter({ accountOf: (req) => req.session.account, ...router }));
    },
  });
  const user = simulator.addUser();
  const browser = app.browser();
  await browser.post("/local/mira");
  const begin = async (from: Browser = browser, init: object = OWN_PAGE) => {
    const { location, status, text } = await from.get("/connect", init);
    if (location === undefined) throw new Error(`${status} ${text}`);
    return location;
  };
  const connect = async (account = user, from: Browser = browser) =>
    from.get(await simulator.approve(await begin(from), { user: account }), { crossSite: true });
  return {
    simulator,
    app,
    user,
    browser,
    results,
    begin,
    connect,
    wish: (next: LoginOptions) => {
      wishes = next;
    },
  };
}

describe.each(LATEST_EXPRESS)("a login with connect on %s", (_name, createApp) => {
  it("a login with connect names the connected user, and does not touch the session", async () => {
    const { browser, connect, results, user } = await startAccounts(createApp);
    const before = (await browser.get("/session")).json();

    const answer = await connect();

    expect(answer.json()).toMatchObject({ connected: true, replayed: false, userId: user.id });
    expect((await browser.get("/session")).json()).toEqual(before);
    expect(before).toMatchObject({ account: "mira", visits: 7 });
    expect(await signedInAs(browser)).toBeUndefined();
    expect(results[0]).toMatchObject({ connected: true, userId: user.id, scopes: ["identify"] });
    expect(loginCookies(browser)).toEqual([]);
  });

  it("a visitor who signed in with another Discord account stays signed in during connect", async () => {
    const { browser, connect, simulator, app, user } = await startAccounts(createApp);
    const other = simulator.addUser();
    await browser.post("/local/mira");
    const { callbackUrl } = await openLogin(browser, simulator, other);
    await browser.get(callbackUrl);
    await browser.post("/local/mira");
    const before = (await browser.get("/session")).json();

    expect((await connect(user)).json()).toMatchObject({ userId: user.id });

    expect(await signedInAs(browser)).toBe(other.id);
    expect((await browser.get("/session")).json()).toEqual(before);
    expect(app.errors).toEqual([]);
  });

  it("a connected account's token works with sessionFromToken, and appears in no log or response", async () => {
    const { app, connect, results, user } = await startAccounts(createApp);

    const answer = await connect();

    const login = results[0] as ConnectedLogin;
    expect((await app.discord.sessionFromToken(login.token).fetchUser()).id).toBe(user.id);
    const shown = JSON.stringify(login) + inspect(login, { depth: 9 }) + answer.text;
    expect(shown).not.toContain(login.token.accessToken);
    expect(shown).not.toContain(login.token.refreshToken);
  });

  it("a login with connect stores no token", async () => {
    const store = new SharedStore();
    const { connect, results } = await startAccounts(createApp, { store });

    await connect();

    const { token } = results[0] as ConnectedLogin;
    const kept = await new Promise((resolve) => store.all((_error, sessions) => resolve(sessions)));
    const lengths = Object.values(kept as Record<string, { grant?: string }>).map(
      ({ grant = "" }) => grant.length,
    );
    expect(Math.max(...lengths)).toBeLessThan(300);
    expect(token.accessToken).toMatch(/^\w{20,}$/);
  });

  it("several Discord accounts can be connected to one account of the app", async () => {
    const { connect, results, simulator } = await startAccounts(createApp);
    const users = [simulator.addUser(), simulator.addUser()];

    for (const one of users) await connect(one);

    expect(results.map(({ userId }) => userId)).toEqual(users.map(({ id }) => id));
  });

  it.each([
    ["no account", undefined],
    ["another account", "eve"],
  ])("connect refuses a visitor with %s, without a request to Discord", async (_who, account) => {
    const { app, begin, browser, simulator, user } = await startAccounts(createApp);
    const callbackUrl = await simulator.approve(await begin(), { user });
    if (account) await browser.post(`/local/${account}`);
    else browser.cookies.receive("connect.sid=; Path=/; Max-Age=0", new URL(app.url));

    const answer = await browser.get(callbackUrl);

    expect(failureOf(answer)).toBe("403 account_mismatch");
    expect(lastError(app)).toMatchObject({ status: 403 });
    expect(exchangesAt(simulator)).toBe(0);
    expect(loginCookies(browser)).toEqual([]);
  });

  it("a callback without accountOf refuses a login with connect", async () => {
    const { app, begin, browser, simulator, user } = await startAccounts(createApp);
    const url = new URL(await simulator.approve(await begin(), { user }));

    const answer = await browser.get(`${app.url}/callback${url.search}`);

    expect(failureOf(answer)).toBe("403 account_mismatch");
    expect(await signedInAs(browser)).toBeUndefined();
  });

  it("a plain login still signs in at the callback of connect", async () => {
    const { browser, simulator, user, results } = await startAccounts(createApp);

    const { callbackUrl } = await openLogin(browser, simulator, user);
    await browser.get(callbackUrl);

    expect(results[0]).not.toHaveProperty("connected");
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it.each<[string, Record<string, string>, boolean]>([
    ["a page of the app", { "Sec-Fetch-Site": "same-origin" }, true],
    ["the visitor", { "Sec-Fetch-Site": "none" }, true],
    ["another site", { "Sec-Fetch-Site": "cross-site" }, false],
    ["a sibling domain", { "Sec-Fetch-Site": "same-site" }, false],
    ["nobody knows whom", {}, false],
    ["another site, by an old browser", { Referer: "https://evil.example/" }, false],
  ])("a login with connect is accepted only from the app's own pages: %s", async (_who, headers, isTaken) => {
    const { browser } = await startAccounts(createApp);

    const answer = await browser.get("/connect", { headers });

    if (isTaken) expect(answer.status).toBe(302);
    else expect(failureOf(answer)).toBe("403 cross_site_request");
    expect(loginCookies(browser)).toHaveLength(isTaken ? 1 : 0);
  });

  it("a page of the app can begin a login with connect in an old browser", async () => {
    const { app, browser } = await startAccounts(createApp);

    expect((await browser.get("/connect", { headers: { Referer: `${app.url}/settings` } })).status).toBe(302);
  });

  it("a login with connect always shows Discord's consent page", async () => {
    const { begin, connect } = await startAccounts(createApp);
    await connect();

    expect(new URL(await begin()).searchParams.get("prompt")).toBe("consent");
  });

  it.each<[string, LoginOptions]>([
    ["without consent", { prompt: false }],
    ["in addition to the sign-in's scopes", { incremental: true }],
    ["without identify", { scopes: ["guilds"] }],
    ["with an account without an id", { connect: "" }],
    ["with a number for an id", { connect: 7 as unknown as string }],
  ])("connect is a TypeError %s", async (_what, options) => {
    const { app, browser, wish } = await startAccounts(createApp);
    wish(options);

    await browser.get("/connect", OWN_PAGE);

    expect(lastError(app)).toBeInstanceOf(TypeError);
    expect(loginCookies(browser)).toEqual([]);
  });

  it("two simultaneous callbacks make one connection", async () => {
    const { begin, browser, results, simulator, user } = await startAccounts(createApp);
    const callbackUrl = await simulator.approve(await begin(), { user });

    await Promise.all([browser.clone(), browser].map((one) => one.get(callbackUrl)));

    expect(results).toMatchObject([
      { replayed: false, connected: true, userId: user.id },
      { replayed: true, connected: true, userId: user.id },
    ]);
    expect(exchangesAt(simulator)).toBe(1);
  });

  it("connected accounts do not count as logins of a browser that loses its session", async () => {
    const { connect, browser, app, simulator } = await startAccounts(createApp);
    const page = { headers: { "Sec-Fetch-Mode": "navigate" } };
    const visit = async () => (await browser.get("/guarded", page)).status;
    app.app.get("/guarded", requiresAuthorization).use(redirectUnauthorized("/login"));
    await visit();

    for (let count = 0; count < 2; count += 1) await connect(simulator.addUser());

    expect(await visit()).toBe(302);
  });

  it("a repeated callback connects the account if Discord has limited the rate before it named the user", async () => {
    const { begin, browser, results, simulator, user } = await startAccounts(createApp);
    const clock = movableClock();
    const callbackUrl = await simulator.approve(await begin(), { user });
    simulator.fail({ route: "/users/@me", kind: "rate-limited", retryAfter: 60 });

    const limited = failureOf(await browser.get(callbackUrl));
    clock.advance(61_000);
    const connected = await browser.get(callbackUrl);

    expect(limited).toBe("503 rate_limited");
    expect(connected.json()).toMatchObject({ connected: true, replayed: false, userId: user.id });
    expect(results).toMatchObject([{ userId: user.id, token: expect.objectContaining({ userId: user.id }) }]);
    expect(exchangesAt(simulator)).toBe(1);
    expect(loginCookies(browser)).toEqual([]);
  });

  it("connect fails if Discord does not say who the user is", async () => {
    const { connect, simulator, results } = await startAccounts(createApp);
    simulator.fail({ route: "/users/@me", kind: "status", status: 500, times: 10 });

    expect(failureOf(await connect())).toBe("502 discord_unavailable");
    expect(results).toEqual([]);
  });

  it("a connection that fails because Discord does not say who the user is leaves no token behind", async () => {
    const { store, content } = observe(new SharedStore());
    const { connect, simulator } = await startAccounts(createApp, { store });
    simulator.fail({ route: "/users/@me", kind: "status", status: 500, times: 10 });

    await connect();

    expect(exchangesAt(simulator)).toBe(1);
    expect(Object.keys(await content()).filter((key) => RECORD.test(key))).toEqual([]);
  });
});

describe.each(LATEST_EXPRESS)("accountOf on %s", (_name, createApp) => {
  it("with accountOf, connected accounts reach onLogin, nobody is signed in and the visitor goes on", async () => {
    const logins: Login[] = [];
    const { browser, connect, user } = await startAccounts(createApp, {
      router: { afterLogin: "/settings", onLogin: (_req, login) => void logins.push(login) },
    });

    const answer = await connect();

    expect([answer.status, answer.location]).toEqual([302, "/settings"]);
    expect(logins).toMatchObject([{ connected: true, userId: user.id }]);
    expect(await signedInAs(browser)).toBeUndefined();
  });

  it("an account that onLogin refuses changes nothing", async () => {
    const { browser, connect } = await startAccounts(createApp, {
      router: {
        onLogin() {
          throw new Forbidden("This Discord account belongs to somebody else here.");
        },
      },
    });
    const before = (await browser.get("/session")).json();

    expect(failureOf(await connect())).toBe("403 forbidden");
    expect((await browser.get("/session")).json()).toEqual(before);
  });

  it.each([
    [null, "not null: for visitors without an account, pass undefined."],
    ["", 'not "": for visitors without an account, pass undefined.'],
    [7, "not 7: write String(id)."],
    [Promise.resolve("mira"), "not a promise: fetch the account beforehand."],
    ["x".repeat(201), '..."'],
  ])("an accountOf that returns %o is named in the error, and no login is lost", async (id, advice) => {
    let account = id as string;
    const { app, browser, user } = await startAccounts(createApp, { router: { accountOf: () => account } });

    const answer = await browser.signIn("/auth/login", { user });

    expect(answer.status).toBe(500);
    const { message } = app.errors.at(-1) as Error;
    expect(message).toMatch(/^discordRouter: what accountOf returns must be the id of an account of yours/);
    expect(message).toContain(advice);
    account = "mira";
    await browser.get(answer.url, { crossSite: true });
    expect(await signedInAs(browser)).toBe(user.id);
  });
});
