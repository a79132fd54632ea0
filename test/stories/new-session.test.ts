import { promisify } from "node:util";
import type { Request } from "express";
import { type CookieOptions, MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import { forward, LATEST_EXPRESS, startApp, startSimulator, type TestAppOptions } from "../support/app.js";
import { createGate } from "../support/gate.js";
import { exchangesAt, lastError, openLogin, signedInAs } from "../support/login.js";
import { OUR_KEY, observe, RECORD, SESSION, SharedStore } from "../support/memory-store.js";
import { isRecord, WatchedStore } from "../support/watched-store.js";

declare module "express-session" {
  interface SessionData {
    cart?: string;
  }
}

/** An app that keeps a cart in its sessions. */
const withCart: NonNullable<TestAppOptions["routes"]> = (app) => {
  app.post("/cart", (req, res) => {
    req.session.cart = String(req.query["item"]);
    res.end();
  });
  app.get("/cart", (req, res) => void res.json({ cart: req.session.cart, cookie: cookieOf(req) }));
  app.post("/remember-me", (req, res) => {
    req.session.cookie.maxAge = 90 * 86_400_000;
    req.session.cookie.sameSite = "lax";
    res.end();
  });
};

function cookieOf(req: Request): CookieOptions {
  const { originalMaxAge, sameSite } = req.session.cookie;
  // express-session loses a millisecond now and then.
  return { ...(originalMaxAge !== null && { maxAge: Math.round(originalMaxAge / 1000) * 1000 }), sameSite };
}

describe.each(LATEST_EXPRESS)("the session of a login on %s", (_name, createApp) => {
  it("a login gives the session a new id, and the old one is worthless", async () => {
    const simulator = await startSimulator();
    const store = new WatchedStore();
    const app = await startApp(createApp, simulator, { session: { store }, routes: withCart });
    const user = simulator.addUser();
    const browser = app.browser();
    await browser.post("/cart?item=tea");
    const planted = browser.cookies.get("connect.sid");
    const attacker = browser.clone();

    await browser.signIn("/login", { user });

    expect(browser.cookies.get("connect.sid")).not.toBe(planted);
    expect(attacker.cookies.get("connect.sid")).toBe(planted);
    expect(await signedInAs(attacker)).toBeUndefined();
    expect((await attacker.get("/cart")).json()).not.toHaveProperty("cart");
    expect(await store.sessionIds).toHaveLength(1);
  });

  it("the session of a first login is written once, and never deleted", async () => {
    const simulator = await startSimulator();
    const { store, uses } = observe(new MemoryStore());
    const app = await startApp(createApp, simulator, { session: { store } });
    const browser = app.browser();
    await browser.signIn("/login", { user: simulator.addUser() });

    expect(browser.cookies.get("connect.sid")).toBeDefined();
    expect(uses.filter((use) => !use.includes(" discord-")).map((use) => use.split(" ")[0])).toEqual(["set"]);
    expect(uses.filter((use) => use.startsWith("destroy"))).toEqual([]);
  });

  it("each login gives the session a new id", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();
    await browser.signIn("/login", { user });
    const before = browser.clone();

    await browser.signIn("/login", { user });

    expect(browser.cookies.get("connect.sid")).not.toBe(before.cookies.get("connect.sid"));
    expect(await signedInAs(before)).toBeUndefined();
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("a visitor keeps the cart from before the first login", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { routes: withCart });
    const browser = app.browser();
    await browser.post("/cart?item=tea");

    await browser.signIn("/login", { user: simulator.addUser() });

    expect((await browser.get("/cart")).json()).toMatchObject({ cart: "tea" });
  });

  it("the app's session data and cookie settings stay when the same user signs in again", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: withCart,
      session: { cookie: { maxAge: 3_600_000 } },
    });
    const user = simulator.addUser();
    const browser = app.browser();
    await browser.signIn("/login", { user });
    await browser.post("/cart?item=tea");
    await browser.post("/remember-me");

    const answer = await browser.signIn("/login", { user });

    expect((await browser.get("/cart")).json()).toEqual({
      cart: "tea",
      cookie: { maxAge: 90 * 86_400_000, sameSite: "lax" },
    });
    const cookie = answer.headers.getSetCookie().find((header) => header.startsWith("connect.sid="));
    const expires = Date.parse(/Expires=([^;]+)/.exec(cookie ?? "")?.[1] ?? "");
    expect(expires).toBeGreaterThan(Date.now() + 89 * 86_400_000);
    expect(cookie).toContain("SameSite=Lax");
  });

  it("the app's session data stays when the same user returns after a logout", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { routes: withCart });
    const user = simulator.addUser();
    const browser = app.browser();
    await browser.signIn("/login", { user });
    await browser.post("/cart?item=tea");
    await browser.post("/logout");

    await browser.signIn("/login", { user });

    expect((await browser.get("/cart")).json()).toMatchObject({ cart: "tea" });
  });

  it.each([
    ["is still signed in", false],
    ["has signed out", true],
  ])("a login inherits no session data of another user who %s", async (_state, signsOut) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: withCart,
      session: { cookie: { maxAge: 3_600_000 } },
    });
    const [former, next] = [simulator.addUser(), simulator.addUser()];
    const browser = app.browser();
    await browser.signIn("/login", { user: former });
    await browser.post("/cart?item=tea");
    await browser.post("/remember-me");
    if (signsOut) await browser.post("/logout");

    await browser.signIn("/login", { user: next });

    expect(await signedInAs(browser)).toBe(next.id);
    expect((await browser.get("/cart")).json()).toEqual({ cookie: { maxAge: 3_600_000 } });
  });

  it("a login of an unknown user inherits no session data", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { routes: withCart });
    const user = simulator.addUser();
    const browser = app.browser();
    await browser.signIn("/login", { user });
    await browser.post("/cart?item=tea");
    simulator.fail({ route: "/users/@me", kind: "status", status: 500 });

    await browser.signIn("/login", { user });

    expect((await browser.get("/cart")).json()).not.toHaveProperty("cart");
  });

  it.each([
    ["is still signed in", false],
    ["has signed out", true],
  ])(
    "a login of an unknown user inherits no session data of an unknown user who %s",
    async (_state, signsOut) => {
      const simulator = await startSimulator();
      const app = await startApp(createApp, simulator, {
        routes: withCart,
        discord: { scopes: ["guilds"] },
      });
      const browser = app.browser();
      await browser.signIn("/login", { user: simulator.addUser() });
      await browser.post("/cart?item=tea");
      if (signsOut) await browser.post("/logout");

      await browser.signIn("/login", { user: simulator.addUser() });

      expect((await browser.get("/cart")).json()).not.toHaveProperty("cart");
    },
  );

  it("a login of another user ends the former sign-in here, but not at Discord", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const [former, next] = [simulator.addUser(), simulator.addUser()];
    const browser = app.browser();
    await browser.signIn("/login", { user: former });
    const elsewhere = app.browser();
    await elsewhere.signIn("/login", { user: former });
    const before = browser.clone();

    await browser.signIn("/login", { user: next });

    expect(await signedInAs(before)).toBeUndefined();
    expect(await signedInAs(elsewhere)).toBe(former.id);
    expect(simulator.requestsTo("POST /oauth2/token/revoke")).toEqual([]);
  });

  it("a slow request that writes the old session does not sign the former user back in", async () => {
    const simulator = await startSimulator();
    const store = new WatchedStore();
    const [reached, slow] = [createGate(), createGate()];
    const app = await startApp(createApp, simulator, {
      session: { store },
      routes: (to) =>
        to.get(
          "/slow",
          forward(async (req, res) => {
            reached.open();
            await slow.opened;
            req.session.cart = "of the former user";
            res.end();
          }),
        ),
    });
    const [former, next] = [simulator.addUser(), simulator.addUser()];
    const browser = app.browser();
    await browser.signIn("/login", { user: former });
    const before = browser.clone();
    const pending = before.get("/slow");
    await reached.opened;

    await browser.signIn("/login", { user: next });
    slow.open();
    await pending;

    expect(await store.sessionIds).toHaveLength(2);
    expect(await signedInAs(before)).toBeUndefined();
    expect(await signedInAs(browser)).toBe(next.id);
  });

  it("the session is saved before the callback resolves", async () => {
    const simulator = await startSimulator();
    const store = new WatchedStore();
    let storedBefore: string[] | undefined;
    let sessionId = "";
    const app = await startApp(createApp, simulator, {
      session: { store },
      callbackPath: "/finish",
      routes: (to, discord) =>
        to.get(
          "/finish",
          forward(async (req, res) => {
            await discord.callback(req, res);
            storedBefore = [...store.stored];
            sessionId = req.sessionID;
            res.redirect("/me");
          }),
        ),
    });
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    const gate = createGate();
    store.holdsBack = (id) => (isRecord(id) ? undefined : gate.opened);

    const answer = browser.get(callbackUrl, { redirect: "follow" });
    await expect.poll(() => store.written.map(isRecord)).toContain(false);
    expect(storedBefore).toBeUndefined();
    gate.open();

    expect((await answer).json()).toEqual({ id: user.id });
    expect(storedBefore).toContain(sessionId);
  });

  it("a session that could not be saved signs nobody in, and the next login works", async () => {
    const simulator = await startSimulator();
    const store = new WatchedStore();
    let known: string | undefined;
    const app = await startApp(createApp, simulator, {
      session: { store },
      routes: (to, discord) =>
        to.get(
          "/known",
          forward(async (req, res) => {
            known = discord.userId(req);
            res.json({ authorized: await discord.isAuthorized(req) });
          }),
        ),
    });
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    const later = browser.clone();
    let failures = 1;
    store.fails = (id) => !isRecord(id) && failures-- > 0;

    const answer = await browser.get(callbackUrl);

    expect(answer.status).toBe(503);
    expect(lastError(app)).toMatchObject({
      code: "store_failed",
      cause: { message: "The store is out of order." },
    });
    expect((await browser.get("/known")).json()).toEqual({ authorized: false });
    expect(known).toBeUndefined();
    expect(exchangesAt(simulator)).toBe(1);
    expect((await later.get(callbackUrl)).json()).toMatchObject({ replayed: false, userId: user.id });
    expect(exchangesAt(simulator)).toBe(1);
    await browser.signIn("/login", { user });
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("a failed save does not hand one user's session data to the next", async () => {
    const simulator = await startSimulator();
    const store = new WatchedStore();
    const app = await startApp(createApp, simulator, { session: { store }, routes: withCart });
    const [former, next] = [simulator.addUser(), simulator.addUser()];
    const browser = app.browser();
    await browser.signIn("/login", { user: former });
    await browser.post("/cart?item=tea");
    let failures = 1;
    store.fails = (id) => !isRecord(id) && failures-- > 0;

    await browser.signIn("/login", { user: former });
    await browser.signIn("/login", { user: next });

    expect(await signedInAs(browser)).toBe(next.id);
    expect((await browser.get("/cart")).json()).not.toHaveProperty("cart");
  });

  it("no session is made if the tokens cannot be stored, and the next login works", async () => {
    const simulator = await startSimulator();
    const store = new WatchedStore();
    const app = await startApp(createApp, simulator, { session: { store } });
    const user = simulator.addUser();
    const browser = app.browser();
    store.fails = isRecord;

    const answer = await browser.signIn("/login", { user });

    expect(answer.status).toBe(503);
    expect(answer.json()).toMatchObject({ code: "store_failed" });
    expect(await store.sessionIds).toEqual([]);
    store.fails = () => false;
    expect((await browser.signIn("/login", { user })).status).toBe(200);
  });

  it.each([
    ["records could not be read", "get", OUR_KEY],
    ["tokens could not be stored", "set", RECORD],
    ["session could not be saved", "set", SESSION],
  ] as const)("a reload completes a login whose %s", async (_what, action, pattern) => {
    const simulator = await startSimulator();
    const observed = observe(new SharedStore());
    const app = await startApp(createApp, simulator, { session: { store: observed.store } });
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    observed.fail(action, pattern);
    expect((await browser.get(callbackUrl)).json()).toMatchObject({ code: "store_failed" });
    observed.recover();

    expect((await browser.get(callbackUrl)).json()).toMatchObject({ userId: user.id });
    expect(await signedInAs(browser)).toBe(user.id);
    expect(exchangesAt(simulator)).toBe(1);
  });

  it("a login that a reload has completed is not completed again after the store has lost its records", async () => {
    const simulator = await startSimulator();
    const observed = observe(new SharedStore());
    const app = await startApp(createApp, simulator, { session: { store: observed.store } });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    const late = browser.clone();
    observed.fail("set", RECORD);
    expect((await browser.get(callbackUrl)).json()).toMatchObject({ code: "store_failed" });
    observed.recover();
    expect((await browser.get(callbackUrl)).json()).toMatchObject({ replayed: false });

    await promisify(observed.store.clear.bind(observed.store))();

    expect((await late.get(callbackUrl)).json()).toMatchObject({ code: "code_rejected" });
  });

  /** A login that could neither fetch its user nor save its session. */
  async function failWithoutUser() {
    const simulator = await startSimulator();
    const store = new WatchedStore();
    const app = await startApp(createApp, simulator, { session: { store } });
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    simulator.fail({ route: "/users/@me", kind: "status", status: 404, times: 1 });
    store.fails = (id) => !isRecord(id);
    expect((await browser.get(callbackUrl)).json()).toMatchObject({ code: "store_failed" });
    store.fails = () => false;
    return { simulator, user, browser, callbackUrl };
  }

  it("a reload that completes a login asks for its user again", async () => {
    const { simulator, user, browser, callbackUrl } = await failWithoutUser();

    expect((await browser.get(callbackUrl)).json()).toMatchObject({ userId: user.id });
    expect(exchangesAt(simulator)).toBe(1);
  });

  it("a reload does not complete a login whose user has removed the app since", async () => {
    const { simulator, user, browser, callbackUrl } = await failWithoutUser();
    simulator.removeAuthorization(user);

    expect((await browser.get(callbackUrl)).json()).toMatchObject({ code: "code_rejected" });
    expect(await signedInAs(browser)).toBeUndefined();
  });

  it("the app can write to the session after the callback", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      callbackPath: "/finish",
      routes: (to, discord) => {
        withCart(to, discord);
        to.get(
          "/finish",
          forward(async (req, res) => {
            await discord.callback(req, res);
            req.session.cart = "a welcome gift";
            res.redirect("/cart");
          }),
        );
      },
    });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());

    const page = await browser.get(callbackUrl, { redirect: "follow" });

    expect(page.json()).toMatchObject({ cart: "a welcome gift" });
  });
});
