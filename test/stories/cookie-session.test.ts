import cookieSession from "cookie-session";
import type { RequestHandler } from "express";
import { describe, expect, it } from "vitest";
import { discordRouter, type Login } from "../../src/index.js";
import type { Browser } from "../../src/testing/index.js";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { exchangesAt, openLogin } from "../support/login.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";

function inCookies(): RequestHandler {
  return cookieSession({ name: "visit", keys: ["a key that signs the session"] }) as RequestHandler;
}

/** Returns the session, which anybody can read in the cookie. */
function sessionIn(browser: Browser): string {
  const cookie = browser.cookies.list().find(({ name }) => name === "visit");
  return Buffer.from(cookie?.value ?? "", "base64").toString();
}

describe.each(LATEST_EXPRESS)("cookie-session on %s", (_name, createApp) => {
  const start = () => startSignedIn(createApp, { sessionMiddleware: inCookies() });

  it("a sign-in in cookie-session shows the user, and the cookie has no token", async () => {
    const { simulator, user, browser } = await start();
    expect((await browser.get("/user?fresh=true")).json()).toMatchObject({ id: user.id });
    const token = simulator.requestsTo("/users/@me")[0]?.token ?? "none";
    expect(sessionIn(browser)).toContain(user.id);
    expect(sessionIn(browser)).not.toContain(token);
  });

  it("a sign-in in cookie-session survives one refresh after another", async () => {
    const { simulator, browser, advance } = await start();
    for (let week = 1; week <= 3; week += 1) {
      advance(WEEK_MS);
      const before = sessionIn(browser);
      expect((await browser.get("/user?fresh=true")).status).toBe(200);
      expect(sessionIn(browser)).not.toBe(before);
      expect(refreshesAt(simulator)).toBe(week);
    }
  });

  it("many requests at once refresh a sign-in in cookie-session once", async () => {
    const { simulator, browser, advance } = await start();
    advance(WEEK_MS);
    const answers = await Promise.all(Array.from({ length: 20 }, () => browser.get("/user?fresh=true")));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("a sign-in in cookie-session survives requests with the cookie from before the refresh", async () => {
    const { simulator, browser, advance } = await start();
    advance(WEEK_MS);
    const late = browser.clone();
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect((await late.get("/user?fresh=true")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
    expect((await late.get("/guarded")).status).toBe(200);

    advance(WEEK_MS);
    expect((await late.get("/user?fresh=true")).status).toBe(200);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(2);
  });

  it("a sign-in in cookie-session moves to another process with the cookie", async () => {
    const { simulator, app, browser, advance } = await start();
    const other = await startApp(createApp, simulator, { sessionMiddleware: inCookies() });
    advance(WEEK_MS);
    await browser.get("/guarded");
    expect((await browser.get(`${other.url}/me`)).status).toBe(200);
    advance(WEEK_MS);
    expect((await browser.get(`${other.url}/me`)).status).toBe(200);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect([app.errors, other.errors]).toEqual([[], []]);
    expect(refreshesAt(simulator)).toBe(2);
  });

  it("a callback repeated in another process signs nobody in if only the first process has the session", async () => {
    const simulator = await startSimulator();
    const tokenStore = new Map<string, string>();
    const sessionMiddleware = inCookies();
    const app = await startApp(createApp, simulator, { sessionMiddleware, discord: { tokenStore } });
    const redirectUri = `${app.url}/callback`;
    const other = await startApp(createApp, simulator, {
      sessionMiddleware,
      discord: { tokenStore, redirectUri },
    });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    const twin = browser.clone();
    await browser.get(callbackUrl);

    expect(failureOf(await twin.get(callbackUrl.replace(app.url, other.url)))).toBe("400 flow_unknown");
    expect(exchangesAt(simulator)).toBe(1);
  });

  it("a repeated callback in cookie-session connects the account if Discord has limited the rate first", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      sessionMiddleware: inCookies(),
      login: { connect: "1" },
      callbackPath: "/auth/callback",
      routes: (to) => void to.use("/auth", discordRouter({ accountOf: () => "1", onLogin })),
    });
    const users: unknown[] = [];
    function onLogin(_req: unknown, { userId }: Login): void {
      users.push(userId);
    }
    const user = simulator.addUser();
    const browser = app.browser();
    const { location } = await browser.get("/login", { headers: { "Sec-Fetch-Site": "same-origin" } });
    const callbackUrl = await simulator.approve(location ?? "", { user });
    simulator.fail({ route: "/users/@me", kind: "rate-limited", retryAfter: 60 });
    const clock = movableClock();

    expect(failureOf(await browser.get(callbackUrl))).toBe("503 rate_limited");
    clock.advance(61_000);
    expect((await browser.get(callbackUrl)).status).toBe(302);

    expect(users).toEqual([user.id]);
    expect(exchangesAt(simulator)).toBe(1);
  });

  it("a logout from cookie-session also holds in this process for a browser that kept the cookie", async () => {
    const { user, browser } = await start();
    const kept = browser.clone();
    expect((await browser.post("/logout")).status).toBe(200);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    expect(failureOf(await kept.get("/guarded"))).toBe("401 not_signed_in");
    expect((await browser.post("/logout")).status).toBe(200);

    await browser.signIn("/login", { user });
    expect((await browser.get("/user")).json()).toMatchObject({ id: user.id });
  });

  it("a callback in cookie-session is refused after the sign-out", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { sessionMiddleware: inCookies() });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    const later = browser.clone();
    await browser.get(callbackUrl);
    await browser.post("/logout");

    expect(failureOf(await later.get(callbackUrl))).toBe("400 code_rejected");
  });

  it("a sign-out by saveAuthorizationToken takes the tokens out of cookie-session, so no process finds them", async () => {
    const { simulator, browser } = await startSignedIn(createApp, {
      sessionMiddleware: inCookies(),
      routes(to, discord) {
        to.post("/forget", async (req, res) => {
          await discord.saveAuthorizationToken(req, undefined);
          res.json({});
        });
      },
    });
    const other = await startApp(createApp, simulator, { sessionMiddleware: inCookies() });
    expect((await browser.get(`${other.url}/me`)).status).toBe(200);
    expect((await browser.post("/forget")).status).toBe(200);
    expect((await browser.get(`${other.url}/me`)).status).toBe(401);
  });

  it("a sign-in in cookie-session ends with a dead grant", async () => {
    const { simulator, user, browser } = await start();
    simulator.removeAuthorization(user);
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("401 grant_ended");
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
  });

  it("tokens in cookie-session are not refreshed early: the pair could miss the response with the cookie", async () => {
    const { simulator, browser, advance } = await start();
    advance(WEEK_MS - 1000);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(0);
    advance(1000);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("a cookie-session sign-in cannot be read with another secret", async () => {
    const { simulator, browser } = await start();
    const other = await startApp(createApp, simulator, {
      sessionMiddleware: inCookies(),
      discord: { secret: "another secret of thirty-two characters" },
    });
    expect((await browser.get(`${other.url}/me`)).status).toBe(401);
  });

  it("after an account switch, cookie-session holds only the sign-in of the next user", async () => {
    const { simulator, user, browser } = await startSignedIn(createApp, {
      sessionMiddleware: inCookies(),
      routes(app) {
        app.get("/note", (req, res) => {
          Object.assign(req.session, { note: "mine" });
          res.json({});
        });
      },
    });
    await browser.get("/note");
    expect(sessionIn(browser)).toContain("mine");
    await browser.signIn("/login", { user });
    expect(sessionIn(browser)).toContain("mine");

    const next = simulator.addUser();
    await browser.signIn("/login", { user: next });
    expect(sessionIn(browser)).not.toContain("mine");
    expect((await browser.get("/user")).json()).toMatchObject({ id: next.id });
  });
});
