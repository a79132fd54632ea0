import type { Application } from "express";
import { describe, expect, it } from "vitest";
import {
  AccessDenied,
  discordRouter,
  type LoginOptions,
  type RouterOptions,
  redirectUnauthorized,
  requiresAuthorization,
} from "../../src/index.js";
import type { Browser } from "../../src/testing/index.js";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { beginLogin, lastError, loginCookies, signedInAs } from "../support/login.js";

const PAGE = { Accept: "text/html" };
/** The headers of a navigation that Discord's page started, however often it is redirected. */
const REDIRECTED = { ...PAGE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" };
const CLICKED = { ...PAGE, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate" };

interface Given {
  readonly router?: RouterOptions;
  readonly login?: LoginOptions;
}

/** An app with a public page `/`, and the guarded pages `/me` and `/other`. */
async function start(createApp: () => Application, { router = {}, login = {} }: Given = {}) {
  const simulator = await startSimulator();
  const app = await startApp(createApp, simulator, {
    callbackPath: "/auth/callback",
    login,
    routes(to) {
      to.use("/auth", discordRouter(router));
      to.get("/", (_req, res) => void res.send("Everybody's page."));
      to.get(["/me", "/other"], requiresAuthorization, (_req, res) => void res.send("Your page."));
      to.use(redirectUnauthorized("/auth/login"));
    },
  });
  const user = simulator.addUser();
  const cancel = async (browser: Browser, path = "/auth/login") =>
    browser.get(await simulator.cancel(await beginLogin(browser, path), { user }), { crossSite: true });
  return { simulator, app, user, browser: app.browser(), cancel };
}

describe.each(EXPRESS)("Cancel on %s", (_name, createApp) => {
  it.each<[string, RouterOptions]>([
    ["/", {}],
    ["/bye", { afterLogout: "/bye" }],
    ["/never-mind?why=1", { afterLogout: "/bye", afterCancel: "/never-mind?why=1" }],
    ["https://www.example.com/", { afterCancel: "https://www.example.com/" }],
  ])("Cancel leads to %s with %j, and is not an error", async (place, router) => {
    const { app, browser, cancel } = await start(createApp, { router });

    const back = await cancel(browser);

    expect([back.status, back.location, back.headers.get("cache-control")]).toEqual([302, place, "no-store"]);
    expect(app.errors).toEqual([]);
    expect(await signedInAs(browser)).toBeUndefined();
  });

  it("Cancel passes AccessDenied to next if afterCancel is false", async () => {
    const { app, browser, cancel } = await start(createApp, { router: { afterCancel: false } });

    const back = await cancel(browser);

    expect([back.status, back.location]).toEqual([403, undefined]);
    expect(lastError(app)).toBeInstanceOf(AccessDenied);
    expect(lastError(app)).toMatchObject({ code: "access_denied", prompt: true });
    expect(loginCookies(browser)).toEqual([]);
  });

  it.each([true, "", 5, "a b"])("an invalid afterCancel is a TypeError at once: %j", (afterCancel) => {
    expect(() => discordRouter({ afterCancel: afterCancel as string })).toThrow(
      'discordRouter: afterCancel must be a path or URL such as "/me", or false',
    );
  });

  it("a visitor can sign in right after Cancel", async () => {
    const { browser, cancel, user } = await start(createApp);
    await cancel(browser);

    await browser.signIn("/auth/login", { user });

    expect(await signedInAs(browser)).toBe(user.id);
  });

  it.each([
    ["in browsers that say where a request comes from", REDIRECTED],
    ["in browsers that do not say where a request comes from", PAGE],
  ])(
    "Cancel shows a page instead of going back to Discord if afterCancel is guarded, %s",
    async (_where, headers) => {
      const { app, browser, cancel, user } = await start(createApp, { router: { afterCancel: "/me" } });
      const { location = "" } = await cancel(browser, "/auth/login?returnTo=%2Fother");

      const page = await browser.get(location, { headers, redirect: "follow" });

      expect([page.status, page.headers.get("content-type")]).toEqual([403, "text/html; charset=utf-8"]);
      expect(page.headers.get("cache-control")).toBe("no-store");
      expect(page.text).toContain("You pressed Cancel");
      expect(page.text).not.toMatch(/AccessDenied|session|OAuth|guard/i);
      expect(app.errors).toEqual([]);

      const link = /<a href="([^"]+)">Sign in with Discord/.exec(page.text)?.[1] ?? "";
      const back = await browser.signIn(link, { user });
      expect([back.location, await signedInAs(browser)]).toEqual(["/me", user.id]);
    },
  );

  it("Cancel shows a page even if the app itself sends visitors to the login", async () => {
    const { browser, cancel } = await start(createApp);
    await cancel(browser);

    expect((await browser.get("/auth/login", { headers: REDIRECTED })).status).toBe(403);
  });

  it("visitors can sign in after Cancel if they press the link or come back later", async () => {
    const clock = movableClock();
    const { browser, cancel } = await start(createApp, { router: { afterCancel: "/me" } });
    await cancel(browser);
    expect((await browser.get("/auth/login?returnTo=/me", { headers: CLICKED })).status).toBe(302);

    await cancel(browser);
    clock.advance(10_001);
    expect((await browser.get("/auth/login?returnTo=/me", { headers: REDIRECTED })).status).toBe(302);
  });

  it("visitors can sign in after Cancel if the clock was set back", async () => {
    const clock = movableClock();
    const { browser, cancel } = await start(createApp);
    await cancel(browser);

    clock.advance(-60_000);
    expect((await browser.get("/auth/login", { headers: REDIRECTED })).status).toBe(302);
  });

  it("Cancel shows a page after a login with prompt: false, which an app may begin by itself", async () => {
    const login = { prompt: false };
    const { app, browser, cancel } = await start(createApp, { login });

    const page = await cancel(browser, "/login");

    expect([page.status, page.location]).toEqual([403, undefined]);
    expect(page.text).toContain('<a href="/auth/login">Sign in with Discord</a>');
    expect(app.errors).toEqual([]);

    const own = await start(createApp, { login, router: { loginPath: false, afterCancel: "/welcome" } });
    expect((await own.cancel(own.browser, "/login")).text).toContain(
      '<a href="/welcome">Back to the site</a>',
    );

    const none = await start(createApp, { login, router: { afterCancel: false } });
    await none.cancel(none.browser, "/login");
    expect(lastError(none.app)).toMatchObject({ code: "access_denied", prompt: false });
  });
});
