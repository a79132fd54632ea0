import cookieSession from "cookie-session";
import type { Request, RequestHandler } from "express";
import { describe, expect, it } from "vitest";
import { DiscordOAuth2Session, MissingScopes, type Token, type User } from "../../src/index.js";
import { EXPRESS, forward, startApp, startSimulator, type TestAppOptions } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { beginLogin, exchangesAt, lastError, loginCookies, openLogin, signedInAs } from "../support/login.js";
import { failureOf } from "../support/signed-in.js";
import { WatchedStore } from "../support/watched-store.js";

/** Stores the tokens in a table of the app's own, by session. */
class SessionTable extends DiscordOAuth2Session {
  readonly #rows = new Map<string, Token | undefined>();

  override async getAuthorizationToken(req: Request): Promise<Token | undefined> {
    return this.#rows.get(req.sessionID);
  }

  override async saveAuthorizationToken(req: Request, token: Token | undefined): Promise<void> {
    this.#rows.set(req.sessionID, token);
  }
}

describe.each(EXPRESS)("logins on %s", (_name, createApp) => {
  it("a login returns the data it was started with", async () => {
    const simulator = await startSimulator();
    const data = {
      text: "ä \u{1f600}",
      number: 1.5,
      zero: 0,
      no: false,
      nothing: null,
      nested: { list: [1, null, "b"] },
    };
    const app = await startApp(createApp, simulator, { login: { data, returnTo: "/after?x=1" } });
    const user = simulator.addUser();

    const browser = app.browser();
    const answer = await browser.signIn("/login", { user });

    expect(answer.json()).toEqual({
      replayed: false,
      data,
      scopes: ["identify"],
      userId: user.id,
      returnTo: "/after?x=1",
    });
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it.each([0, "", false, null, "text", [[]]])("a login returns %j as data", async (data) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: { data } });

    const answer = await app.browser().signIn("/login", { user: simulator.addUser() });

    expect(answer.json<{ data: unknown }>().data).toEqual(data);
  });

  it("the data of a login is not readable in the address or the cookie", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: { data: { plan: "to-be-kept-secret" } } });

    const browser = app.browser();
    const url = await beginLogin(browser);

    expect(url).not.toContain("plan");
    const [name = ""] = loginCookies(browser);
    const cookie = browser.cookies.get(name) ?? "";
    expect(Buffer.from(cookie, "base64url").toString("latin1")).not.toContain("plan");
  });

  it("the first page after a login needs no call for the user", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);

    const browser = app.browser();
    await browser.signIn("/login", { user: simulator.addUser() });
    simulator.clearRequests();

    await browser.get("/me");
    expect(simulator.requests).toEqual([]);
  });

  it("an app that fails after its response to a callback does not change that response", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to, discord) =>
        to.get(
          "/late/callback",
          forward(async (req, res) => {
            const { userId } = await discord.callback(req, res);
            res.json({ userId });
            throw new Error("late");
          }),
        ),
      callbackPath: "/late/callback",
    });
    const user = simulator.addUser();

    const browser = app.browser();
    const answer = await browser.signIn("/login", { user });

    expect([answer.status, answer.json()]).toEqual([200, { userId: user.id }]);
    expect(lastError(app)).toMatchObject({ message: "late" });
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("a second response to a callback is refused, as anywhere in Express", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to, discord) =>
        to.get(
          "/twice/callback",
          forward(async (req, res) => {
            await discord.callback(req, res);
            res.redirect("/first");
            res.send("the second response, which is longer than the first one");
          }),
        ),
      callbackPath: "/twice/callback",
    });

    const answer = await app.browser().signIn("/login", { user: simulator.addUser() });

    expect([answer.status, answer.location]).toEqual([302, "/first"]);
    expect(lastError(app)).toMatchObject({ code: "ERR_HTTP_HEADERS_SENT" });
  });

  it("a login succeeds if the user cannot be fetched, and a later fetch finds the user", async () => {
    const simulator = await startSimulator();
    let known: string | undefined;
    const app = await startApp(createApp, simulator, {
      routes: (to, discord) =>
        to.get("/known", (req, res) => {
          known = discord.userId(req);
          res.end();
        }),
    });
    const user = simulator.addUser();
    simulator.fail({ route: "/users/@me", kind: "status", status: 500 });

    const browser = app.browser();
    const answer = await browser.signIn("/login", { user });
    await browser.get("/known");

    expect(answer.json()).toMatchObject({ replayed: false });
    expect(known).toBeUndefined();
    expect(await signedInAs(browser)).toBe(user.id);
    await browser.get("/known");
    expect(known).toBe(user.id);
  });

  it("the stored token names the user as soon as onLogin runs, so that a removal ends the sign-in at once", async () => {
    const simulator = await startSimulator();
    const tokens: unknown[] = [];
    const app = await startApp(createApp, simulator, {
      callbackPath: "/back",
      routes(to, discord) {
        const onLogin = async (req: Request) => void tokens.push(await discord.getAuthorizationToken(req));
        to.get(
          "/back",
          forward(async (req, res) => {
            res.json(await discord.callback(req, res, { onLogin: () => onLogin(req) }));
          }),
        );
      },
    });
    const user = simulator.addUser();
    const browser = app.browser();
    await browser.signIn("/login", { user });

    app.discord.deauthorize(user.id);

    expect(tokens).toMatchObject([{ userId: user.id }]);
    expect(failureOf(await browser.get("/me"))).toBe("401 grant_ended");
  });

  it.each<[string, TestAppOptions]>([
    ["in the store", {}],
    [
      "in a cookie",
      { sessionMiddleware: cookieSession({ name: "visit", keys: ["a key"] }) as RequestHandler },
    ],
    ["in the app's own table", { create: (app, options) => new SessionTable(app, options) }],
  ])("a removal ends a sign-in whose user the login could not fetch: tokens %s", async (_where, options) => {
    const simulator = await startSimulator();
    const clock = movableClock();
    const app = await startApp(createApp, simulator, options);
    const user = simulator.addUser();
    const browser = app.browser();
    simulator.fail({ route: "/users/@me", kind: "status", status: 500, times: 1 });
    await browser.signIn("/login", { user });
    expect(await signedInAs(browser)).toBe(user.id);
    clock.advance(120_000);

    app.discord.deauthorize(user.id);

    expect(failureOf(await browser.get("/me"))).toBe("401 grant_ended");
  });

  it("a login without identify does not ask for the user", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { discord: { scopes: ["guilds"] } });

    const answer = await app.browser().signIn("/login", { user: simulator.addUser() });

    expect(answer.json()).toEqual({ replayed: false, scopes: ["guilds"] });
    expect(simulator.requestsTo("/users/@me")).toEqual([]);
  });

  it("a login reports the scopes that were granted, not those requested", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      discord: { scopes: ["identify", "guilds"] },
      routes: (to, discord) =>
        to.get(
          "/guilds",
          forward(async (req, res) => void res.json(await discord.fetchGuilds(req))),
        ),
    });
    const user = simulator.addUser();

    const browser = app.browser();
    const answer = await browser.signIn("/login", { user, scopes: ["identify"] });
    const guilds = await browser.get("/guilds");

    expect(answer.json()).toMatchObject({ scopes: ["identify"] });
    expect(guilds.status).toBe(403);
    expect(lastError(app)).toBeInstanceOf(MissingScopes);
    expect(lastError(app)).toMatchObject({ code: "missing_scopes", scopes: ["guilds"] });
    expect(simulator.requestsTo("/users/@me/guilds")).toEqual([]);
  });

  it("an incremental login asks for more scopes in addition to those granted", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      discord: { scopes: ["identify"] },
      login: (req) =>
        req.query["more"] ? { scopes: ["guilds"], incremental: true } : { scopes: ["identify", "email"] },
      routes: (to, discord) =>
        to.get(
          "/email",
          forward(async (req, res) => {
            const user: User = await discord.fetchUser(req);
            res.json({ email: user.email, guilds: (await discord.fetchGuilds(req)).length });
          }),
        ),
    });
    const user = simulator.addUser({ email: "mira@example.com" });
    simulator.addMember(simulator.addGuild(), user);

    const browser = app.browser();
    await browser.signIn("/login", { user });
    const more = await browser.signIn("/login?more=1", { user });

    expect(more.json<{ scopes: string[] }>().scopes.toSorted()).toEqual(["email", "guilds", "identify"]);
    expect((await browser.get("/email")).json()).toEqual({ email: "mira@example.com", guilds: 1 });
  });

  it("an incremental login asks for the configured scopes too if nobody is signed in", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: { scopes: ["guilds"], incremental: true } });

    const url = new URL(await beginLogin(app.browser()));

    expect(url.searchParams.get("scope")).toBe("identify guilds");
  });

  it("a crawler that opens the login page leaves no trace in the store", async () => {
    const simulator = await startSimulator();
    const store = new WatchedStore();
    const app = await startApp(createApp, simulator, { session: { store } });

    const browser = app.browser();
    const answer = await browser.get("/login");

    expect(answer.status).toBe(302);
    expect(store.written).toEqual([]);
    expect(browser.cookies.list().map(({ name }) => name)).toEqual(loginCookies(browser));
  });

  it("responses of login and callback forbid caching, and keep the code from other sites", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();

    const login = await browser.get("/login");
    const callbackUrl = await simulator.approve(login.location ?? "", { user: simulator.addUser() });
    const callback = await browser.get(callbackUrl);
    const refused = await browser.get("/callback?code=a&state=b");

    expect(login.headers.get("cache-control")).toBe("no-store");
    for (const { headers } of [callback, refused]) {
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
    }
  });

  it("a page that navigates by itself can begin a login without a redirect", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to, discord) =>
        to.post(
          "/api/login",
          forward(async (req, res) => {
            res.json({ url: await discord.authorizationUrl(req, res, { data: "from a page" }) });
          }),
        ),
    });
    const user = simulator.addUser();

    const browser = app.browser();
    const begun = await browser.post("/api/login");
    const callbackUrl = await simulator.approve(begun.json<{ url: string }>().url, { user });

    expect(begun.headers.get("cache-control")).toBe("no-store");
    expect((await browser.get(callbackUrl)).json()).toMatchObject({ data: "from a page", userId: user.id });
  });

  it("a login proves with PKCE that the exchange comes from the app that began it", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();

    const { authorizeUrl, callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    const answer = await browser.get(callbackUrl);

    expect(answer.status).toBe(200);
    expect(authorizeUrl.searchParams.get("code_challenge_method")).toBe("S256");
    expect(authorizeUrl.searchParams.get("code_challenge")).toMatch(/^[\w-]{43}$/);
    const [exchange] = simulator.requestsTo("POST /oauth2/token");
    expect(exchange?.form).toMatchObject({ code_verifier: expect.stringMatching(/^[\w-]{43}$/) });
    expect(exchange?.form).not.toHaveProperty("client_secret");
    expect(exchange?.authorization).toBe("Basic");
  });

  it("a login omits PKCE if Discord refuses it", async () => {
    const simulator = await startSimulator();
    const scopes = ["identify", "role_connections.write"];
    const app = await startApp(createApp, simulator, { login: { scopes } });
    const browser = app.browser();

    const { authorizeUrl, callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    const answer = await browser.get(callbackUrl);

    expect(authorizeUrl.searchParams.has("code_challenge")).toBe(false);
    expect(answer.json<{ scopes: string[] }>().scopes).toEqual(scopes);
    expect(simulator.requestsTo("POST /oauth2/token")[0]?.form).not.toHaveProperty("code_verifier");
    expect(exchangesAt(simulator)).toBe(1);
  });
});
