import type { Application } from "express";
import { MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import {
  DiscordOAuth2Session,
  HttpException,
  MissingScopes,
  requiresAuthorization,
  requiresScopes,
  Unauthorized,
} from "../../src/index.js";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";
import { observe } from "../support/memory-store.js";
import { failureOf, lastFailure, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";

describe.each(EXPRESS)("guards on %s", (_name, createApp) => {
  it("a guard refuses visitors who are not signed in", async () => {
    const { app } = await startSignedIn(createApp);
    for (const path of ["/guarded", "/scoped"]) {
      expect(failureOf(await app.browser().get(path))).toBe("401 not_signed_in");
      expect(app.errors.at(-1)).toBeInstanceOf(Unauthorized);
    }
  });

  it("a guard passes signed-in visitors without a call to Discord", async () => {
    const { simulator, browser } = await startSignedIn(createApp, { scopes: ["identify", "guilds"] });
    for (const path of ["/guarded", "/scoped"])
      expect((await browser.get(path)).json()).toEqual({ passed: true });
    expect(simulator.requests).toEqual([]);
  });

  it("a guard's error names the missing scopes and the route", async () => {
    const { app, browser } = await startSignedIn(createApp, {
      routes(to) {
        to.post("/both", requiresScopes("identify", "email", "guilds"), (_req, res) => void res.json({}));
      },
    });
    expect(failureOf(await browser.post("/both?secret=1"))).toBe("403 missing_scopes");
    const error = app.errors.at(-1);
    expect(error).toBeInstanceOf(MissingScopes);
    expect(error).toMatchObject({ scopes: ["email", "guilds"] });
    expect((error as Error).message).toMatch(/^POST \/both needs the scope email guilds, /);
  });

  it("a guard refreshes an expired token, and forwards a failure", async () => {
    const { simulator, app, browser, advance } = await startSignedIn(createApp);
    advance(WEEK_MS);
    simulator.fail({ kind: "html", route: "POST /oauth2/token" });
    expect(failureOf(await browser.get("/guarded"))).toBe("502 discord_unavailable");
    expect(lastFailure(app).name).toBe("HttpException");
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(2);
  });

  it("a guard forwards a failure of the store, which signs nobody out", async () => {
    const observed = observe(new MemoryStore());
    const { browser, advance } = await startSignedIn(createApp, { session: { store: observed.store } });
    observed.fail("get");
    advance(31_000);
    expect(failureOf(await browser.get("/guarded"))).toBe("503 store_failed");
  });

  it("a guard with maxAgeMs asks Discord whether the sign-in still holds, no more often than that", async () => {
    const { simulator, user, browser, advance } = await startSignedIn(createApp, {
      routes(app) {
        const guard = requiresAuthorization.with({ maxAgeMs: 60_000 });
        app.get("/strict", guard, (_req, res) => void res.json({ passed: true }));
      },
    });
    for (const _ of [1, 2, 3]) expect((await browser.get("/strict")).status).toBe(200);
    expect(simulator.requestsTo("/oauth2/@me")).toHaveLength(1);

    simulator.removeAuthorization(user);
    expect((await browser.get("/strict")).status).toBe(200);
    advance(60_001);
    expect(failureOf(await browser.get("/strict"))).toBe("401 grant_ended");
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
  });

  it("a guard notices a reported removal of the app", async () => {
    const { app, user, browser } = await startSignedIn(createApp);
    app.discord.deauthorize("1");
    expect((await browser.get("/guarded")).status).toBe(200);
    app.discord.deauthorize(user.id);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 grant_ended");
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");

    await browser.signIn("/login", { user });
    expect((await browser.get("/guarded")).status).toBe(200);
  });

  it("a guard without a session names the likely causes", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      sessionMiddleware: (_req, _res, next) => next(),
      routes(to) {
        to.get("/guarded", requiresAuthorization, (_req, res) => void res.json({}));
      },
    });
    expect(failureOf(await app.browser().get("/guarded"))).toBe("500 session_missing");
    expect((app.errors[0] as Error).message).toMatch(/app\.use\(session\(\.\.\.\)\) is missing/);
  });

  it("a guard in an app without an instance says that init is missing", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      create: () => new DiscordOAuth2Session(),
      routes(to, discord) {
        to.get("/guarded", requiresAuthorization, (_req, res) => void res.json({}));
        to.get("/direct", (req, res, next) => {
          discord.isAuthorized(req).then((is) => res.json(is), next);
        });
      },
    });
    for (const path of ["/guarded", "/direct"])
      expect(failureOf(await app.browser().get(path))).toBe("500 init_missing");
    expect(app.errors[0]).toBeInstanceOf(HttpException);
  });

  it("a guard in a sub-app uses the sub-app's instance", async () => {
    const simulator = await startSimulator();
    let inner: Application | undefined;
    const app = await startApp(createApp, simulator, {
      routes(to) {
        inner = createApp();
        inner.get("/guarded", requiresAuthorization, (_req, res) => void res.json({ passed: true }));
        to.use("/inner", inner);
      },
    });
    const browser = app.browser();
    await browser.signIn("/login", { user: simulator.addUser() });
    expect((await browser.get("/inner/guarded")).json()).toEqual({ passed: true });
    if (inner) new DiscordOAuth2Session(inner, { ...simulator.options, redirectUri: app.url, clientId: "7" });
    expect((await browser.get("/inner/guarded")).status).toBe(401);
  });
});

describe("the guards", () => {
  it("every guard has a name for stack traces", () => {
    expect([requiresAuthorization, requiresScopes("guilds")].map(({ name }) => name)).toEqual([
      "requiresAuthorization",
      "requiresScopes",
    ]);
    expect(requiresAuthorization.with({ maxAgeMs: 1 }).name).toBe("requiresAuthorization");
  });
});
