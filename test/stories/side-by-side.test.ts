import type { Request } from "express";
import { MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import { forward, LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { createGate } from "../support/gate.js";
import { exchangesAt, loginCookies, openLogin, signedInAs } from "../support/login.js";
import { observe, RECORD } from "../support/memory-store.js";
import { WatchedStore } from "../support/watched-store.js";

describe.each(LATEST_EXPRESS)("simultaneous logins on %s", (_name, createApp) => {
  it.each([
    ["the first", [0, 1]],
    ["the second", [1, 0]],
  ] as const)("two logins at once both succeed when %s tab comes back first", async (_first, order) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: (req) => ({ data: req.query["tab"] }) });
    const user = simulator.addUser();
    const browser = app.browser();

    const tabs = [
      await openLogin(browser, simulator, user, "/login?tab=0"),
      await openLogin(browser, simulator, user, "/login?tab=1"),
    ];
    for (const tab of order) {
      const answer = await browser.get(tabs[tab]?.callbackUrl ?? "", { crossSite: true });
      expect(answer.json()).toMatchObject({ replayed: false, data: String(tab), userId: user.id });
    }

    expect(await signedInAs(browser)).toBe(user.id);
    expect(loginCookies(browser)).toEqual([]);
  });

  it("five logins that begin at once without a session all succeed", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: (req) => ({ data: req.query["tab"] }) });
    const user = simulator.addUser();
    const browser = app.browser();

    const tabs = await Promise.all(
      [0, 1, 2, 3, 4].map((tab) => openLogin(browser, simulator, user, `/login?tab=${tab}`)),
    );
    const answers = [];
    for (const { callbackUrl } of tabs) answers.push(await browser.get(callbackUrl));

    expect(new Set(tabs.map(({ state }) => state)).size).toBe(5);
    expect(answers.map((answer) => answer.json())).toMatchObject(
      [0, 1, 2, 3, 4].map((tab) => ({ replayed: false, data: String(tab) })),
    );
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("five callbacks at once all succeed", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();

    const tabs = [];
    for (let count = 0; count < 5; count += 1) tabs.push(await openLogin(browser, simulator, user));
    const answers = await Promise.all(tabs.map(({ callbackUrl }) => browser.get(callbackUrl)));

    expect(answers.map((answer) => answer.json<{ replayed: boolean }>().replayed)).toEqual(
      Array(5).fill(false),
    );
    expect(await signedInAs(browser)).toBe(user.id);
  });
});

describe.each(LATEST_EXPRESS)("repeated callbacks on %s", (_name, createApp) => {
  it("two simultaneous requests of one callback are one login", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: { data: "the data", returnTo: "/after" } });
    const user = simulator.addUser();
    const browsers = [app.browser()];
    const { callbackUrl } = await openLogin(browsers[0]!, simulator, user);
    browsers.push(browsers[0]!.clone());

    const answers = await Promise.all(browsers.map((browser) => browser.get(callbackUrl)));

    expect(exchangesAt(simulator)).toBe(1);
    expect(simulator.requestsTo("/users/@me")).toHaveLength(1);
    const results = answers.map((answer) => answer.json<{ replayed: boolean }>());
    expect(results.map(({ replayed }) => replayed).toSorted()).toEqual([false, true]);
    for (const result of results) {
      expect(result).toMatchObject({
        data: "the data",
        returnTo: "/after",
        userId: user.id,
        scopes: ["identify"],
      });
    }
    for (const browser of browsers) expect(await signedInAs(browser)).toBe(user.id);
  });

  it("a repeated callback is one login for a visitor who was already signed in", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browsers = [app.browser()];
    await browsers[0]!.signIn("/login", { user });
    const { callbackUrl } = await openLogin(browsers[0]!, simulator, user);
    browsers.push(browsers[0]!.clone());

    const answers = await Promise.all(browsers.map((browser) => browser.get(callbackUrl)));

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(exchangesAt(simulator)).toBe(2);
    for (const browser of browsers) expect(await signedInAs(browser)).toBe(user.id);
  });

  it("a later callback with the same cookie and code is the same login, in a session of its own", async () => {
    const simulator = await startSimulator();
    const store = new WatchedStore();
    const app = await startApp(createApp, simulator, { login: { data: 7 }, session: { store } });
    const user = simulator.addUser();
    const first = app.browser();
    const { callbackUrl } = await openLogin(first, simulator, user);
    const later = first.clone();

    await first.get(callbackUrl);
    const again = await later.get(callbackUrl);

    expect(again.json()).toMatchObject({ replayed: true, data: 7, userId: user.id });
    expect(exchangesAt(simulator)).toBe(1);
    expect(await signedInAs(later)).toBe(user.id);
    expect(await signedInAs(first)).toBe(user.id);
    expect(await store.sessionIds).toHaveLength(2);
    expect(loginCookies(later)).toEqual([]);
  });

  it.each([
    ["at once", true],
    ["one after the other", false],
  ])("two callbacks with different codes are two logins, %s", async (_when, isAtOnce) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browsers = [app.browser()];
    const begun = await browsers[0]!.get("/login");
    const callbackUrls = [
      await simulator.approve(begun.location!, { user }),
      await simulator.approve(begun.location!, { user }),
    ];
    browsers.push(browsers[0]!.clone());

    const visits = callbackUrls.map((url, index) => () => browsers[index]!.get(url));
    const answers = isAtOnce
      ? await Promise.all(visits.map((visit) => visit()))
      : [await visits[0]!(), await visits[1]!()];

    expect(answers.map((answer) => answer.json<{ replayed: boolean }>().replayed)).toEqual([false, false]);
    expect(exchangesAt(simulator)).toBe(2);
    for (const browser of browsers) expect(await signedInAs(browser)).toBe(user.id);
  });

  it("a second callback uses its code if the first callback's is refused", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    const refused = new URL(callbackUrl);
    refused.searchParams.set("code", "made-up");
    const other = browser.clone();

    const answers = await Promise.all([browser.get(refused.href), other.get(callbackUrl)]);

    expect(answers.map(({ status }) => status)).toEqual([400, 200]);
    expect(await signedInAs(other)).toBe(user.id);
  });

  it("a repeated callback signs nobody back in who has signed out since", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const first = app.browser();
    const { callbackUrl } = await openLogin(first, simulator, simulator.addUser());
    const later = first.clone();

    await first.get(callbackUrl);
    await first.post("/logout");
    const again = await later.get(callbackUrl);

    expect(again.status).toBe(400);
    expect(again.json()).toMatchObject({ code: "code_rejected" });
    expect(await signedInAs(later)).toBeUndefined();
  });

  it.each([
    ["destroyed the session", (req: Request) => new Promise((resolve) => req.session.destroy(resolve))],
    [
      "removed the sign-in from the session",
      async (req: Request) => {
        req.session.discord = {};
      },
    ],
  ])("a repeated callback signs nobody in if the app has since %s", async (_what, drop) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to) =>
        to.post(
          "/drop",
          forward(async (req, res) => {
            await drop(req);
            res.end();
          }),
        ),
    });
    const first = app.browser();
    const { callbackUrl } = await openLogin(first, simulator, simulator.addUser());
    const later = first.clone();
    await first.get(callbackUrl);
    await first.post("/drop");

    const again = await later.get(callbackUrl);

    expect(again.status).toBe(400);
    expect(again.json()).toMatchObject({ code: "flow_unknown" });
    expect(later.cookies.get("connect.sid")).toBeUndefined();
  });

  it("a repeated callback ends the sign-in of another user, and leaves no token of theirs", async () => {
    const simulator = await startSimulator();
    const { store, content } = observe(new MemoryStore());
    const app = await startApp(createApp, simulator, { session: { store } });
    const user = simulator.addUser();
    const first = app.browser();
    const { callbackUrl } = await openLogin(first, simulator, user);
    const later = first.clone();
    await first.get(callbackUrl);
    await later.signIn("/login", { user: simulator.addUser() });

    await later.get(callbackUrl);

    expect(await signedInAs(later)).toBe(user.id);
    expect(Object.keys(await content()).filter((key) => RECORD.test(key))).toHaveLength(1);
  });

  it("a repeated callback can sign in if the first attempt failed at Discord", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    const later = browser.clone();
    simulator.fail({ route: "POST /oauth2/token", kind: "status", status: 500 });

    const failed = await browser.get(callbackUrl);
    const again = await later.get(callbackUrl);

    expect(failed.json()).toMatchObject({ code: "discord_unavailable" });
    expect(again.json()).toMatchObject({ replayed: false, userId: user.id });
  });

  it("the back button shows the login again, without the login cookie", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: { returnTo: "/after" } });
    const user = simulator.addUser();
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);

    await browser.get(callbackUrl);
    expect(loginCookies(browser)).toEqual([]);
    const sessionCookie = browser.cookies.get("connect.sid");
    const back = await browser.get(callbackUrl);

    expect(back.json()).toEqual({ replayed: true, scopes: ["identify"], userId: user.id });
    expect(exchangesAt(simulator)).toBe(1);
    expect(browser.cookies.get("connect.sid")).toBe(sessionCookie);
  });

  it("the back button is refused after a sign-out", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    await browser.get(callbackUrl);
    await browser.post("/logout");

    const back = await browser.get(callbackUrl);

    expect(back.json()).toMatchObject({ code: "flow_unknown" });
    expect(exchangesAt(simulator)).toBe(1);
  });

  it("the back button is refused even if a slow request has undone the sign-out in the session", async () => {
    const simulator = await startSimulator();
    const [reached, slow] = [createGate(), createGate()];
    const app = await startApp(createApp, simulator, {
      routes: (to) =>
        to.get(
          "/slow",
          forward(async (req, res) => {
            req.session.cookie.maxAge = 1_000_000;
            reached.open();
            await slow.opened;
            res.end();
          }),
        ),
      session: { resave: true },
    });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    await browser.get(callbackUrl);
    const pending = browser.get("/slow");
    await reached.opened;
    await browser.post("/logout");
    slow.open();
    await pending;

    const back = await browser.get(callbackUrl);

    expect(back.json()).toMatchObject({ code: "flow_unknown" });
  });

  it("a callback in another browser is refused, because that browser has no login cookie", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    await browser.get(callbackUrl);

    const other = app.browser();
    const answer = await other.get(callbackUrl);

    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ code: "flow_unknown" });
    expect(exchangesAt(simulator)).toBe(1);
    expect(await signedInAs(other)).toBeUndefined();
  });
});
