import { render as renderEjs } from "ejs";
import type { Application, RequestHandler } from "express";
import { MemoryStore } from "express-session";
import { render as renderPug } from "pug";
import { describe, expect, it } from "vitest";
import { DiscordOAuth2Session, User, userLocals } from "../../src/index.js";
import type { FaultKind } from "../../src/testing/index.js";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";
import { OUR_KEY, observe } from "../support/memory-store.js";
import { failureOf, patienceFor, type StoryOptions, startSignedIn, WEEK_MS } from "../support/signed-in.js";

const CACHED_MS = 300_000;

/** Starts an app with a public page `/home` and signs in. `seen` is what its template got. */
async function startWithPage(createApp: () => Application, options: StoryOptions = {}) {
  const seen: unknown[] = [];
  const story = await startSignedIn(createApp, {
    ...options,
    routes(app) {
      app.use(userLocals());
      app.get("/home", (_req, res) => {
        seen.push(res.locals["user"]);
        res.send(renderEjs("Hello, <%= user ? user.displayName : 'stranger' %>.", res.locals));
      });
    },
  });
  const home = async (browser = story.browser) => {
    const { status, text } = await browser.get("/home");
    return `${status} ${text}`;
  };
  return { ...story, seen, home, known: `200 Hello, ${story.user.payload.username}.` };
}

describe.each(EXPRESS)("userLocals on %s", (_name, createApp) => {
  it("userLocals gives templates the signed-in user, or no user if nobody is signed in", async () => {
    const { app, browser, user, home, known, seen } = await startWithPage(createApp);

    expect([await home(), await home(app.browser())]).toEqual([known, "200 Hello, stranger."]);
    expect(seen[0]).toBeInstanceOf(User);
    expect(seen).toMatchObject([{ id: user.id }, undefined]);
    expect(renderPug("p= user.displayName\nimg(src=user.defaultAvatarUrl)", { user: seen[0] })).toMatch(
      new RegExp(`^<p>${user.payload.username}</p><img src="https://cdn`),
    );

    await browser.post("/logout");
    expect(await home()).toBe("200 Hello, stranger.");
  });

  it("userLocals asks Discord for the user once in five minutes, like fetchUser", async () => {
    const { simulator, home } = await startWithPage(createApp);

    for (let times = 0; times < 3; times += 1) await home();

    expect(simulator.requests).toEqual([]);
  });

  it.each<[string, FaultKind]>([
    ["resets the connection", { kind: "reset" }],
    ["does not answer", { kind: "hang" }],
    ["answers 502 in HTML", { kind: "html" }],
    ["answers 429", { kind: "rate-limited", retryAfter: 60 }],
    ["answers 404", { kind: "status", status: 404 }],
  ])("userLocals shows the user as last seen while Discord %s", async (_what, fault) => {
    const { simulator, home, known, advance } = await startWithPage(createApp, {
      discord: patienceFor(fault),
    });
    advance(CACHED_MS + 1);
    simulator.fail({ ...fault, route: "GET /users/@me", times: 2 });

    expect([await home(), await home()]).toEqual([known, known]);
    expect(simulator.requestsTo("GET /users/@me")).not.toEqual([]);
  });

  it("userLocals shows the last seen user while a refresh fails, and nobody once Discord refuses it", async () => {
    const { simulator, browser, home, known, advance } = await startWithPage(createApp);
    advance(WEEK_MS);
    simulator.fail({ kind: "status", status: 503, route: "POST /oauth2/token" });

    expect(await home()).toBe(known);

    advance(60_000);
    simulator.fail({
      kind: "status",
      status: 400,
      route: "POST /oauth2/token",
      body: { error: "invalid_grant" },
    });
    expect(failureOf(await browser.get("/guarded"))).toBe("401 grant_ended");
    expect(await home()).toBe("200 Hello, stranger.");
  });

  it("userLocals shows the user as last seen while the store fails", async () => {
    const observed = observe(new MemoryStore());
    const { home, known, advance } = await startWithPage(createApp, { session: { store: observed.store } });
    advance(CACHED_MS + 1);
    observed.fail("get", OUR_KEY);

    expect(await home()).toBe(known);
  });

  it("userLocals shows no user that this process has not seen yet while Discord is down", async () => {
    const { simulator, user, app, home } = await startWithPage(createApp);
    simulator.fail({ kind: "reset", route: "GET /users/@me", times: 9 });
    const browser = app.browser();
    await browser.signIn("/login", { user });

    expect(await home(browser)).toBe("200 Hello, stranger.");
  });

  it("userLocals shows no user whose login did not grant identify", async () => {
    const { home } = await startWithPage(createApp, { scopes: ["guilds"] });

    expect(await home()).toBe("200 Hello, stranger.");
  });

  it.each<[string, string, (app: Application) => void]>([
    ["no session", "500 session_missing", (app) => app.use(userLocals())],
    [
      "no instance",
      "500 init_missing",
      (app) => {
        app.set("discord", undefined);
        app.use(userLocals());
      },
    ],
  ])("userLocals reports a mistake in the setup: %s", async (_what, failure, routes) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      sessionMiddleware: (_req, _res, next) => next(),
      routes,
    });

    expect(failureOf(await app.browser().get("/anything"))).toBe(failure);
  });

  it.each([undefined, "route"])(
    "userLocals passes the request to no other handler if the app's fetchUser throws %o",
    async (thrown) => {
      class Own extends DiscordOAuth2Session {
        override async fetchUser(): Promise<User> {
          throw thrown;
        }
      }
      const app = await startApp(createApp, await startSimulator(), {
        create: (to, options) => new Own(to, options),
        routes: (to) => to.get("/anything", userLocals(), (_req, res) => void res.send("passed")),
      });

      expect((await app.browser().get("/anything")).text).toContain("A function of this app threw");
    },
  );

  it("an error says that userLocals was passed without being called", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to) => to.use(userLocals as unknown as RequestHandler),
    });

    const answer = await app.browser().get("/anything");

    expect([answer.status, answer.json<{ message: string }>().message]).toEqual([
      500,
      "userLocals was passed to Express without being called: write userLocals(...) instead of userLocals.",
    ]);
  });

  it("userLocals takes no options", () => {
    const misused = userLocals as (options: unknown) => RequestHandler;
    expect(() => misused({ as: "me" })).toThrow(
      new TypeError("userLocals takes no options. It always sets res.locals.user."),
    );
  });
});
