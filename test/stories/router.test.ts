import cookieSession from "cookie-session";
import type { Application, Request, Response } from "express";
import { MemoryStore, type SessionData } from "express-session";
import { describe, expect, it } from "vitest";
import { discordRouter, type Login, type RouterOptions } from "../../src/index.js";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { headerAtEnd } from "../support/header-at-end.js";
import { loginCookies, openLogin, signedInAs } from "../support/login.js";
import { sendRaw } from "../support/raw-request.js";

/** A store that answers in a later turn, like stores on a network. */
class SlowStore extends MemoryStore {
  /** The `plan` of each stored session. */
  readonly plans: unknown[] = [];

  override set(id: string, session: SessionData, callback?: (error?: unknown) => void): void {
    setImmediate(() => {
      if ("plan" in session) this.plans.push(session.plan);
      super.set(id, session, callback);
    });
  }
}

async function startWithRouter(
  createApp: () => Application,
  { mount = "/auth", callbackPath, ...options }: RouterOptions & { mount?: string } = {},
) {
  const simulator = await startSimulator();
  const app = await startApp(createApp, simulator, {
    callbackPath: mount + (callbackPath ?? "/callback"),
    routes: (to) => to.use(mount, discordRouter({ callbackPath, ...options })),
  });
  const user = simulator.addUser();
  return { simulator, app, user, browser: app.browser(), own: { Origin: app.url } };
}

describe.each(EXPRESS)("discordRouter on %s", (_name, createApp) => {
  it("the router is a complete sign-in under the path where it is mounted", async () => {
    const { browser, user, own } = await startWithRouter(createApp);

    const back = await browser.signIn("/auth/login", { user });

    expect([back.status, back.location]).toEqual([302, "/"]);
    expect(await signedInAs(browser)).toBe(user.id);

    const logout = await browser.post("/auth/logout", { headers: own });

    expect([logout.status, logout.location, logout.headers.get("cache-control")]).toEqual([
      303,
      "/",
      "no-store",
    ]);
    expect(await signedInAs(browser)).toBeUndefined();
  });

  it("a login works behind middleware that changes headers when a response ends", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      callbackPath: "/auth/callback",
      routes(to) {
        to.use(headerAtEnd);
        to.use("/auth", discordRouter());
      },
    });
    const browser = app.browser();

    const back = await browser.signIn("/auth/login", { user: simulator.addUser() });

    expect([back.status, back.location, back.headers.get("x-ended")]).toEqual([302, "/", "yes"]);
  });

  it.each(["/", "/a/b"])("the router works mounted at %s", async (mount) => {
    const simulator = await startSimulator();
    const base = mount === "/" ? "" : mount;
    const app = await startApp(createApp, simulator, {
      callbackPath: `${base}/back`,
      routes: (to) => to.use(mount, discordRouter({ callbackPath: "/back", loginPath: "/in" })),
    });

    const browser = app.browser();
    const user = simulator.addUser();
    await browser.signIn(`${base}/in`, { user });

    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("every route of the router can have another path", async () => {
    const { browser, user, own } = await startWithRouter(createApp, {
      loginPath: "/enter",
      callbackPath: "/return",
      logoutPath: "/leave",
      afterLogin: "/home",
      afterLogout: "/bye",
    });

    expect((await browser.signIn("/auth/enter", { user })).location).toBe("/home");
    expect((await browser.post("/auth/leave", { headers: own })).location).toBe("/bye");
    for (const path of ["/auth/login", "/auth/callback", "/auth/logout"])
      expect((await browser.get(path)).status).toBe(404);
  });

  it.each([
    ["loginPath", "/auth/login"],
    ["callbackPath", "/auth/callback"],
    ["logoutPath", "/auth/logout"],
  ] as const)("the router leaves a route out if %s is false", async (option, path) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to) => to.use("/auth", discordRouter({ [option]: false })),
    });

    const statuses = await Promise.all(
      ["/auth/login", "/auth/callback", "/auth/logout"].map(async (one) => [
        one,
        (await app.browser().get(one)).status === 404,
      ]),
    );

    expect(statuses.filter(([, isMissing]) => isMissing)).toEqual([[path, true]]);
  });

  it("the router passes on requests for other paths", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to) => {
        to.use(discordRouter({ callbackPath: "/auth/callback", logoutPath: "/auth/logout" }));
        to.get("/other", (_req, res) => void res.send("other"));
      },
    });

    expect((await app.browser().get("/other")).text).toBe("other");
  });

  it("the router matches paths as Express does: in either case, with or without a slash at the end", async () => {
    const { browser, simulator, user, own } = await startWithRouter(createApp);

    await browser.signIn("/auth/Login/", { user });
    expect(await signedInAs(browser)).toBe(user.id);
    const { callbackUrl } = await openLogin(browser, simulator, user, "/AUTH/LOGIN");
    expect((await browser.get(callbackUrl.replace("/callback?", "/Callback/?"))).status).toBe(302);
    expect((await browser.post("/auth/LOGOUT/", { headers: own })).status).toBe(303);
    expect(await signedInAs(browser)).toBeUndefined();

    for (const path of ["/auth/login//", "/auth/login/x", "/auth/xlogin", "/auth", "/auth/"])
      expect((await browser.get(path)).status).toBe(404);
  });

  it.each([
    ["case sensitive routing", "/auth/Login"],
    ["strict routing", "/auth/login/"],
  ])("the router follows the app's setting %s", async (setting, path) => {
    const { browser } = await startWithRouter(() => createApp().enable(setting));

    expect((await browser.get(path)).status).toBe(404);
    expect((await browser.get("/auth/login")).status).toBe(302);
  });

  it("the router asks for the scopes it is given", async () => {
    const { browser } = await startWithRouter(createApp, { scopes: ["identify", "guilds"] });

    const { location = "" } = await browser.get("/auth/login");

    expect(new URL(location).searchParams.get("scope")).toBe("identify guilds");
  });

  it("the router returns to the page that the login was given", async () => {
    const { browser, user } = await startWithRouter(createApp, { afterLogin: "/home" });

    const back = await browser.signIn(`/auth/login?returnTo=${encodeURIComponent("/deep?x=1&y=ä#there")}`, {
      user,
    });

    expect(decodeURI(back.location ?? "")).toBe("/deep?x=1&y=ä#there");
  });

  it.each([
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/%2fevil.example/..",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/a\tb",
    "relative",
    "",
  ])("the router redirects to afterLogin instead of %j", async (returnTo) => {
    const { browser, user } = await startWithRouter(createApp, { afterLogin: "/home" });

    const back = await browser.signIn(`/auth/login?returnTo=${encodeURIComponent(returnTo)}`, { user });

    expect([back.status, back.location]).toEqual([302, "/home"]);
  });

  it("the router calls onLogin once for each login, before the redirect, and not for replays", async () => {
    const logins: Login[] = [];
    const { browser, simulator, user } = await startWithRouter(createApp, {
      onLogin: async (_req, login) => {
        await new Promise((resolve) => setImmediate(resolve));
        logins.push(login);
      },
    });
    const { callbackUrl } = await openLogin(browser, simulator, user, "/auth/login?returnTo=/deep");

    const twin = browser.clone();
    const answers = await Promise.all([browser.get(callbackUrl), twin.get(callbackUrl)]);
    const again = await browser.get(callbackUrl);

    expect(answers.map(({ location }) => location)).toEqual(["/deep", "/deep"]);
    expect([again.status, again.location]).toEqual([302, "/"]);
    expect(logins.map(({ userId, replayed }) => [userId, replayed])).toEqual([[user.id, false]]);

    await browser.signIn("/auth/login", { user });
    expect(logins).toHaveLength(2);
  });

  it("the router saves what onLogin puts into the session before the redirect", async () => {
    const simulator = await startSimulator();
    const store = new SlowStore();
    let plans: unknown;
    const app = await startApp(createApp, simulator, {
      callbackPath: "/auth/callback",
      session: { store },
      routes: (to) => {
        const onLogin = (req: Request, _login: Login, res: Response) => {
          Object.assign(req.session, { plan: "gold" });
          const { writeHead } = res;
          res.writeHead = ((...args: Parameters<typeof writeHead>) => {
            plans = [...store.plans];
            return writeHead.apply(res, args);
          }) as typeof writeHead;
        };
        to.use("/auth", discordRouter({ onLogin }));
      },
    });

    await app.browser().signIn("/auth/login", { user: simulator.addUser() });

    expect(plans).toEqual(["gold"]);
  });

  it("a response that onLogin sends stays as it is", async () => {
    const { browser, user } = await startWithRouter(createApp, {
      onLogin: (_req, login, res) => void res.send(`Welcome, ${login.userId}.`),
    });

    expect((await browser.signIn("/auth/login", { user })).text).toBe(`Welcome, ${user.id}.`);
  });

  it("what onLogin throws goes to next, and the visitor is not signed in", async () => {
    const { app, browser, user } = await startWithRouter(createApp, {
      onLogin: () => {
        throw new Error("The database is down.");
      },
    });

    const back = await browser.signIn("/auth/login", { user });

    expect([back.status, String(app.errors.at(-1))]).toEqual([500, "Error: The database is down."]);
    expect(await signedInAs(browser)).toBeUndefined();
  });

  it.each([
    [{ "Sec-Fetch-Site": "cross-site" }, 403],
    [{ "Sec-Fetch-Site": "same-site" }, 403],
    [{ "Sec-Fetch-Site": "same-origin" }, 303],
    [{ "Sec-Fetch-Site": "none" }, 303],
    [{ "Sec-Fetch-Site": "cross-site", Origin: "own" }, 403],
    [{ Origin: "https://evil.example" }, 403],
    [{ Origin: "null" }, 403],
    [{ Origin: "own" }, 303],
    [{}, 403],
  ] as const)("a logout at the router with %j is answered with %i", async (given, status) => {
    const { app, browser, user } = await startWithRouter(createApp);
    await browser.signIn("/auth/login", { user });
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, value === "own" ? app.url : value]),
    );

    const answer = await browser.post("/auth/logout", { headers });

    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.json()).toMatchObject({ code: "cross_site_request" });
    expect(await signedInAs(browser)).toBe(status === 403 ? user.id : undefined);
  });

  it.each([
    [{ Origin: "null" }, { cookie: { sameSite: "lax" } }, 303],
    [{ Origin: "null" }, { cookie: { sameSite: "strict" } }, 303],
    [{ Origin: "null" }, { cookie: { sameSite: true } }, 303],
    [{}, { cookie: { sameSite: "lax" } }, 303],
    [{ Origin: "null" }, { cookie: { sameSite: false } }, 403],
    [{ Origin: "https://evil.example" }, { cookie: { sameSite: "lax" } }, 403],
    [{ Origin: "null", "Sec-Fetch-Site": "cross-site" }, { cookie: { sameSite: "lax" } }, 403],
    [{ Origin: "null", "Sec-Fetch-Site": "same-origin" }, {}, 303],
  ] as const)(
    "a logout with %j and the session cookie %j is answered with %i",
    async (headers, sessionOptions, status) => {
      const simulator = await startSimulator();
      const app = await startApp(createApp, simulator, {
        session: sessionOptions,
        callbackPath: "/auth/callback",
        routes: (to) => to.use("/auth", discordRouter()),
      });
      const browser = app.browser();
      const user = simulator.addUser();
      await browser.signIn("/auth/login", { user });
      expect(await signedInAs(browser)).toBe(user.id);

      expect((await browser.post("/auth/logout", { headers })).status).toBe(status);
      expect(await signedInAs(browser)).toBe(status === 403 ? user.id : undefined);
    },
  );

  it.each([
    ["lax", 303],
    [undefined, 403],
  ] as const)(
    "a logout without an Origin also depends on cookie-session's cookie: sameSite %s",
    async (sameSite, status) => {
      const simulator = await startSimulator();
      const app = await startApp(createApp, simulator, {
        sessionMiddleware: cookieSession({ keys: ["a key of the cookies"], sameSite }),
        callbackPath: "/auth/callback",
        routes: (to) => to.use("/auth", discordRouter()),
      });
      const browser = app.browser();
      await browser.signIn("/auth/login", { user: simulator.addUser() });

      expect((await browser.post("/auth/logout", { headers: { Origin: "null" } })).status).toBe(status);
    },
  );

  it("an onLogin that rejects without an error is reported as an error", async () => {
    const { app, browser, user } = await startWithRouter(createApp, {
      onLogin: () => Promise.reject<void>(),
    });

    const answer = await browser.signIn("/auth/login", { user });

    expect(answer.status).toBe(500);
    expect(app.errors.at(-1)).toMatchObject({
      message: "A function of this app threw undefined. Throw an Error instead.",
    });
    expect(await signedInAs(browser)).toBeUndefined();
  });

  it("the router logs out only by POST", async () => {
    const { browser, user, own } = await startWithRouter(createApp);
    await browser.signIn("/auth/login", { user });

    const answer = await browser.get("/auth/logout", { headers: own });

    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
    expect(answer.json()).toMatchObject({ code: "method_not_allowed" });
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it.each(["OPTIONS", "PUT", "DELETE"])("the router starts no login for the method %s", async (method) => {
    const { browser } = await startWithRouter(createApp);

    const answer = await browser.request("/auth/login", { method });

    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
    expect(answer.json()).toMatchObject({ code: "method_not_allowed" });
    expect(loginCookies(browser)).toEqual([]);
  });

  it("the router starts a login for a form that posts", async () => {
    const { browser } = await startWithRouter(createApp);

    const answer = await browser.post("/auth/login");

    expect(answer.location).toContain("/oauth2/authorize");
    expect(loginCookies(browser)).toHaveLength(1);
  });

  it("a logout of a visitor who is not signed in gets the same response", async () => {
    const { browser, own } = await startWithRouter(createApp);

    expect((await browser.post("/auth/logout", { headers: own })).status).toBe(303);
  });

  it("the page for a lost login links to the login under the router's mount path", async () => {
    const { app, browser, simulator, user } = await startWithRouter(createApp, { loginPath: "/enter" });
    const { callbackUrl } = await openLogin(browser, simulator, user, "/auth/enter");

    const page = await app.browser().get(callbackUrl);

    expect([page.status, page.headers.get("content-type")]).toEqual([400, "text/html; charset=utf-8"]);
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.text).toContain('<a href="/auth/enter">');
    expect(app.errors).toEqual([]);
  });

  it("the page for a lost login escapes its link", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to) => to.use("/:tenant", discordRouter({ callbackPath: "/back" })),
    });

    const page = await app.browser().get(`/"'&x=<b>/back?state=unknown&code=c`);

    expect(page.status).toBe(400);
    const href = /<a href="([^"]*)">/.exec(page.text)?.[1] ?? "";
    expect(href).toMatch(/\/login$/);
    expect(href).not.toMatch(/["'<>]/);
    expect(page.text).not.toContain("<b>");
  });

  it("the page for a lost login says in everyday words what happened and what to do", async () => {
    const clock = movableClock();
    const { app, browser, simulator, user } = await startWithRouter(createApp);
    const { callbackUrl } = await openLogin(browser, simulator, user, "/auth/login");
    const [name = ""] = loginCookies(browser);
    const changed = browser.clone();
    changed.cookies.set(name, "changed");
    const elsewhere = app.browser();
    const pages = [await elsewhere.get(callbackUrl), await changed.get(callbackUrl)];
    clock.advance(600_001);
    pages.push(await browser.get(callbackUrl));

    expect(pages.map(({ status }) => status)).toEqual([400, 400, 400]);
    expect(pages.map(({ text }) => /<p>(.*)<\/p>/.exec(text)?.[1])).toEqual([
      expect.stringContaining("finish in this browser"),
      expect.stringContaining("This site was updated"),
      expect.stringContaining("ten minutes to finish"),
    ]);
    for (const { text } of pages)
      expect(text).not.toMatch(/cookie of|state|sealed|secret|HttpException|redirect/i);
  });

  it.each(["//evil.example", "///evil.example", "/\\\\evil.example", "/\\evil.example", "/.//evil.example"])(
    "the link for a lost login stays within the app if the router is mounted at a pattern, at %s",
    async (path) => {
      const simulator = await startSimulator();
      const app = await startApp(createApp, simulator, {
        routes: (to) => to.use(/^[/\\.]+[^/]+(?=\/back)/, discordRouter({ callbackPath: "/back" })),
      });

      const { status, body } = await sendRaw(app.url, [
        `GET ${path}/back?state=unknown&code=c HTTP/1.1`,
        `Host: ${new URL(app.url).host}`,
      ]);

      expect(status).toBe(400);
      const href = /<a href="([^"]*)">/.exec(body)?.[1] ?? "";
      expect(new URL(href, app.url).origin).toBe(app.url);
      expect(href).toMatch(/^\/(?![/\\])/);
    },
  );

  it("a lost login is an error if the router serves no login", async () => {
    const { app, browser } = await startWithRouter(createApp, { loginPath: false });

    const answer = await browser.get("/auth/callback?state=unknown&code=c");

    expect([answer.status, answer.json<{ code: string }>().code]).toEqual([400, "flow_unknown"]);
    expect(app.errors).toHaveLength(1);
  });

  it("the router passes every other error to next", async () => {
    const { app, browser, simulator, user } = await startWithRouter(createApp);

    const malformed = await browser.get("/auth/callback");
    simulator.fail({ route: "POST /oauth2/token", kind: "status", status: 500 });
    const failed = await browser.signIn("/auth/login", { user });

    expect([malformed.status, failed.status]).toEqual([400, 502]);
    expect(app.errors.map((error) => (error as { code: string }).code)).toEqual([
      "callback_malformed",
      "discord_unavailable",
    ]);
  });

  it("an error of the router says that the app has no instance", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to) => {
        const other = createApp();
        other.use(discordRouter());
        to.use("/other", other);
      },
    });
    // A sub-app inherits settings; a standalone app has none.
    const alone = createApp();
    alone.use("/auth", discordRouter());
    const server = alone.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const answer = await app.browser().get(`http://127.0.0.1:${port}/auth/login`);
    server.close();
    server.closeAllConnections();

    expect(answer.status).toBe(500);
    expect(answer.text).toContain("This app has no DiscordOAuth2Session");
    expect((await app.browser().get("/other/login")).status).toBe(302);
  });
});
