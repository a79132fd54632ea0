import type { Application, ErrorRequestHandler } from "express";
import type { SessionOptions } from "express-session";
import { describe, expect, it } from "vitest";
import {
  discordRouter,
  Forbidden,
  HttpException,
  redirectUnauthorized,
  requiresAuthorization,
} from "../../src/index.js";
import type { Browser, SimulatedUser } from "../../src/testing/index.js";
import { EXPRESS, forward, startApp, startSimulator } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { lastError } from "../support/login.js";

const PAGE = { headers: { Accept: "text/html,application/xhtml+xml" } };

async function startWithPages(createApp: () => Application, session: Partial<SessionOptions> = {}) {
  const simulator = await startSimulator();
  const app = await startApp(createApp, simulator, {
    callbackPath: "/auth/callback",
    session,
    routes(to, discord) {
      to.use("/auth", discordRouter({ afterLogin: "/page" }));
      to.all("/page", requiresAuthorization, (_req, res) => void res.send("The page."));
      to.get("/forbidden", (_req, _res, next) => next(new Forbidden("Not you.")));
      to.get("/broken", (_req, _res, next) => next(new Error("A bug.")));
      to.get("/begun", (_req, res, next) => {
        res.write("begun");
        res.end();
        requiresAuthorization(_req, res, next);
      });
      to.post(
        "/goodbye",
        forward(async (req, res) => {
          await discord.revoke(req);
          req.session.destroy(() => res.send("Bye."));
        }),
      );
      to.use(redirectUnauthorized("/auth/login"));
    },
  });
  return { simulator, app, user: simulator.addUser(), browser: app.browser() };
}

/** Opens the page and follows every redirect, like a person. */
async function visit(browser: Browser, user: SimulatedUser, approve: (url: string) => Promise<string>) {
  const first = await browser.get("/page", PAGE);
  if (first.location === undefined) return first;
  const { location = "" } = await browser.get(first.location, PAGE);
  const back = await browser.get(await approve(location), { ...PAGE, crossSite: true });
  expect([back.status, user.id]).toEqual([302, user.id]);
  return browser.get(back.location ?? "", PAGE);
}

describe.each(EXPRESS)("redirectUnauthorized on %s", (_name, createApp) => {
  it("redirectUnauthorized sends a page's visitor to the login, and back to the page", async () => {
    const { browser, simulator, user } = await startWithPages(createApp);

    const refused = await browser.get("/page?tab=1&q=a%20b", PAGE);
    expect([refused.status, refused.location, refused.headers.get("cache-control")]).toEqual([
      302,
      "/auth/login?returnTo=%2Fpage%3Ftab%3D1%26q%3Da%2520b",
      "no-store",
    ]);

    const { location = "" } = await browser.get(refused.location ?? "", PAGE);
    const back = await browser.get(await simulator.approve(location, { user }), { crossSite: true });
    expect(back.location).toBe("/page?tab=1&q=a%20b");
    expect((await browser.get(back.location ?? "", PAGE)).text).toBe("The page.");
  });

  it("redirectUnauthorized appends returnTo to a login path that already has a query string", async () => {
    const app = await startApp(createApp, await startSimulator(), {
      routes(to) {
        to.get("/page", requiresAuthorization);
        to.use(redirectUnauthorized("/enter?prompt=none"));
      },
    });

    expect((await app.browser().get("/page", PAGE)).location).toBe("/enter?prompt=none&returnTo=%2Fpage");
  });

  it("redirectUnauthorized does not send a form back to where it was posted", async () => {
    const { browser } = await startWithPages(createApp);

    expect((await browser.post("/page", PAGE)).location).toBe("/auth/login");
  });

  it.each([
    ["says nothing", {}],
    ["accepts JSON", { Accept: "application/json" }],
    ["accepts anything", { Accept: "*/*" }],
    ["fetches from a page", { Accept: "text/html", "Sec-Fetch-Mode": "cors" }],
    ["is XMLHttpRequest", { Accept: "text/html", "X-Requested-With": "XMLHttpRequest" }],
  ])("redirectUnauthorized answers 401 with JSON to a client that %s", async (_what, headers) => {
    const { app, browser } = await startWithPages(createApp);

    const answer = await browser.get("/page", { headers });

    expect(answer.status).toBe(401);
    expect(answer.json()).toEqual({
      error: "not_signed_in",
      message: expect.stringContaining("Nobody is signed in"),
      login: "/auth/login",
    });
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="discord"');
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(app.errors).toEqual([]);
  });

  it("redirectUnauthorized redirects a browser's navigation, whatever it accepts", async () => {
    const { browser } = await startWithPages(createApp);

    const answer = await browser.get("/page", { headers: { "Sec-Fetch-Mode": "navigate" } });

    expect(answer.status).toBe(302);
  });

  it.each(["/auth/login", "/auth/login?prompt=none"])(
    "redirectUnauthorized does not redirect in circles if the login %s is guarded itself",
    async (login) => {
      const simulator = await startSimulator();
      const app = await startApp(createApp, simulator, {
        discord: { basePath: "/shop" },
        routes(to) {
          to.use(requiresAuthorization);
          to.use("/auth", discordRouter());
          to.use(redirectUnauthorized(login));
        },
      });
      const { location } = await app.browser().get("/page", PAGE);
      expect(location).toMatch(/^\/shop\/auth\/login\?/);

      for (const address of [login, location?.replace("/shop", "") ?? ""]) {
        expect((await app.browser().get(address, PAGE)).status).toBe(500);
        expect(lastError(app)).toMatchObject({
          code: "login_loop",
          message: `The login ${login} is behind a guard itself, so nobody can sign in. Mount discordRouter before the guard.`,
        });
      }
      expect((await app.browser().request("/auth/login", { method: "POST", ...PAGE })).status).toBe(302);
    },
  );

  it("redirectUnauthorized redirects to a public page with the login when a sign-in has just ended", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes(to, discord) {
        to.get(
          "/",
          forward(async (req, res) => {
            if (!(await discord.isAuthorized(req))) return void res.send("Sign in with Discord.");
            res.send((await discord.fetchUser(req, { fresh: true })).id);
          }),
        );
        to.use(redirectUnauthorized("/"));
      },
    });
    const [browser, user] = [app.browser(), simulator.addUser()];
    await browser.signIn("/login", { user });
    expect((await browser.get("/", PAGE)).text).toBe(user.id);
    simulator.removeAuthorization(user);

    const { location = "" } = await browser.get("/", PAGE);

    expect((await browser.get(location, PAGE)).text).toBe("Sign in with Discord.");
    expect(app.errors).toEqual([]);
  });

  it("redirectUnauthorized passes on every other error", async () => {
    const { app, browser } = await startWithPages(createApp);

    expect((await browser.get("/forbidden", PAGE)).status).toBe(403);
    expect((await browser.get("/broken", PAGE)).status).toBe(500);
    expect(app.errors.map(String)).toEqual(["Forbidden: Not you.", "Error: A bug."]);
  });

  it("redirectUnauthorized passes on the error if the response has begun", async () => {
    const { app, browser } = await startWithPages(createApp);

    expect((await browser.get("/begun", PAGE)).text).toBe("begun");
    await expect.poll(() => app.errors.map((error) => (error as Error).name)).toEqual(["Unauthorized"]);
  });

  it("redirectUnauthorized passes on a failure to find out who is signed in", async () => {
    const { app, browser, simulator, user } = await startWithPages(createApp);
    await browser.signIn("/auth/login", { user });
    const clock = movableClock();
    clock.advance(8 * 86_400_000);
    simulator.fail({ route: "POST /oauth2/token", kind: "status", status: 503 });

    const answer = await browser.get("/page", PAGE);

    expect([answer.status, answer.json<{ code: string }>().code]).toEqual([502, "discord_unavailable"]);
    expect(app.errors).toHaveLength(1);
  });

  it.each<[string, Partial<SessionOptions>]>([
    ["a secure cookie on plain http", { cookie: { secure: true } }],
    ["a sameSite: strict cookie, while the visitor comes from Discord", { cookie: { sameSite: "strict" } }],
  ])("redirectUnauthorized ends a loop of logins after the third: %s", async (_what, session) => {
    const { app, browser, simulator, user } = await startWithPages(createApp, session);
    const approve = (url: string) => simulator.approve(url, { user });

    const pages = [];
    for (let logins = 0; logins < 3; logins += 1) {
      const login = await browser.get("/auth/login", PAGE);
      const back = await browser.get(await approve(login.location ?? ""), { ...PAGE, crossSite: true });
      // A redirect chain that started on another site stays cross-site to its end.
      pages.push(await browser.get(back.location ?? "", { ...PAGE, crossSite: true }));
    }

    expect(pages.map(({ status }) => status)).toEqual([302, 302, 500]);
    const error = lastError(app);
    expect(error).toBeInstanceOf(HttpException);
    expect(error).toMatchObject({ name: "HttpException", code: "login_loop", status: 500 });
    expect((error as HttpException).message).toContain("trust proxy");
    expect((error as HttpException).cause).toMatchObject({ code: "not_signed_in" });
  });

  it("isLoginLoop ends a loop of a handler that redirects to the login by itself", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      callbackPath: "/auth/callback",
      session: { cookie: { secure: true } },
      routes(to, discord) {
        to.use("/auth", discordRouter({ afterLogin: "/page" }));
        to.get("/page", requiresAuthorization, (_req, res) => void res.send("The page."));
        const toLogin: ErrorRequestHandler = (error, req, res, next) => {
          if (discord.isLoginLoop(req)) next(error);
          else res.redirect("/auth/login");
        };
        to.use(toLogin);
      },
    });
    const [browser, user] = [app.browser(), simulator.addUser()];
    const approve = (url: string) => simulator.approve(url, { user });

    const pages = [await visit(browser, user, approve), await visit(browser, user, approve)];

    expect(pages.map(({ status }) => status)).toEqual([302, 401]);
    expect(lastError(app)).toMatchObject({ code: "not_signed_in" });
  });

  it("a browser can sign in again a minute after a login loop", async () => {
    const clock = movableClock();
    const { browser, simulator, user } = await startWithPages(createApp, { cookie: { secure: true } });
    const approve = (url: string) => simulator.approve(url, { user });
    for (let logins = 0; logins < 2; logins += 1) await visit(browser, user, approve);
    expect((await visit(browser, user, approve)).status).toBe(500);

    clock.advance(60_001);

    expect((await browser.get("/page", PAGE)).status).toBe(302);
  });

  it("an API client in a login loop still gets a 401", async () => {
    const { browser, user } = await startWithPages(createApp, { cookie: { secure: true } });
    for (let logins = 0; logins < 3; logins += 1) await browser.signIn("/auth/login", { user });

    expect((await browser.get("/page")).status).toBe(401);
  });

  it.each(["/auth/logout", "/goodbye"])(
    "redirectUnauthorized does not mistake repeated logins and logouts by %s for a loop",
    async (path) => {
      const { app, browser, simulator, user } = await startWithPages(createApp);
      for (let times = 0; times < 4; times += 1) {
        const page = await visit(browser, user, (url) => simulator.approve(url, { user }));
        expect(page.text).toBe("The page.");
        await browser.post(path, { headers: { Origin: app.url } });
      }

      expect((await browser.get("/page", PAGE)).status).toBe(302);
      expect(app.errors).toEqual([]);
    },
  );
});
