import { inspect } from "node:util";
import type { Request } from "express";
import { describe, expect, it } from "vitest";
import {
  Bot,
  DiscordOAuth2Session,
  Guild,
  HttpException,
  Integration,
  type LoginResult,
  type MissingScopes,
  Permissions,
  RateLimited,
  requiresAuthorization,
  Unauthorized,
  User,
} from "../../../src/index.js";
import { LATEST_EXPRESS, startApp, startSimulator } from "../../support/app.js";
import {
  beginLogin,
  exchangesAt,
  lastError,
  loginCookies,
  openLogin,
  signedInAs,
} from "../../support/login.js";
import { startProxy } from "../../support/proxy.js";
import { failureOf, refreshesAt } from "../../support/signed-in.js";
import { startStory } from "./story.js";

const WEEK_MS = 604_800_001;

describe.each(LATEST_EXPRESS)("Flask-Discord's flaws on %s: security", (_name, createApp) => {
  it("1. a stranger's callback link signs nobody in, and its code is not exchanged", async () => {
    const { app, simulator, user } = await startStory(createApp);
    const { callbackUrl } = await openLogin(app.browser(), simulator, user);
    const victim = app.browser();

    expect(failureOf(await victim.get(callbackUrl))).toBe("400 flow_unknown");
    expect(exchangesAt(simulator)).toBe(0);
    expect(await signedInAs(victim)).toBeUndefined();
  });

  it("2. another user in the same browser never sees the former one", async () => {
    const { browser, simulator, user } = await startStory(createApp, { scopes: ["identify", "guilds"] });
    simulator.addMember(simulator.addGuild(), user);
    expect((await browser.get("/guilds")).json<unknown[]>()).toHaveLength(1);
    const other = simulator.addUser();

    await browser.signIn("/login", { user: other });

    expect(await signedInAs(browser)).toBe(other.id);
    expect((await browser.get("/guilds")).json()).toEqual([]);
  });

  it("3. a state works once, for ten minutes, and for each tab on its own", async () => {
    const { advance, app, browser, simulator, user } = await startStory(createApp);
    const [first, second] = [
      await openLogin(browser, simulator, user),
      await openLogin(browser, simulator, user),
    ];
    expect((await browser.get(second.callbackUrl)).status).toBe(200);
    expect((await browser.get(first.callbackUrl)).status).toBe(200);

    expect(failureOf(await browser.get(second.callbackUrl.replace(second.code, "another-code")))).toBe(
      "400 flow_unknown",
    );
    const { state } = await openLogin(browser, simulator, user);
    advance(600_001);
    expect(failureOf(await browser.get(`/callback?state=${state}&code=c`))).toBe("400 flow_expired");
    expect(app.errors).toHaveLength(2);
  });

  it("4. a visitor cannot choose the scopes", async () => {
    const { app } = await startStory(createApp);

    const url = new URL(await beginLogin(app.browser(), "/login?scope=identify+email+guilds.join"));

    expect(url.searchParams.get("scope")).toBe("identify");
  });

  it("5. a login asks only for identify unless told to ask for more", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);

    expect(new URL(await beginLogin(app.browser())).searchParams.get("scope")).toBe("identify");
  });

  it("6. neither tokens nor data can be read in a cookie, a URL or the session", async () => {
    const { app, browser, run, simulator, user } = await startStory(createApp, {
      login: { data: { plan: "kept-to-ourselves" } },
    });
    const opened = await openLogin(app.browser(), simulator, user);
    expect(decodeURIComponent(opened.authorizeUrl.href + opened.callbackUrl)).not.toContain("kept");

    const token = await run((req) => app.discord.getAuthorizationToken(req));
    const visible = [
      ...browser.cookies.list().map(({ value }) => value),
      await run((req) => JSON.stringify(req.session)),
    ].join();
    const readable = visible + Buffer.from(visible, "base64url").toString("latin1");
    expect(readable).not.toContain(token?.accessToken);
    expect(readable).not.toContain(token?.refreshToken);
  });

  it("7. the session gets a new id at the login", async () => {
    const { browser, run, user } = await startStory(createApp);
    const before = await run((req: Request) => req.sessionID);

    await browser.signIn("/login", { user });

    expect(await run((req: Request) => req.sessionID)).not.toBe(before);
  });

  it("8. a session with few scopes sees nothing that one with more scopes has fetched", async () => {
    const { app, browser, simulator, user } = await startStory(createApp, {
      scopes: ["identify", "email", "guilds"],
    });
    expect((await browser.get("/user")).json()).toHaveProperty("email");
    await browser.get("/guilds");
    const narrow = app.browser();
    await narrow.signIn("/login", { user, scopes: ["identify"] });

    expect((await narrow.get("/user")).json()).not.toHaveProperty("email");
    expect(failureOf(await narrow.get("/guilds"))).toBe("403 missing_scopes");

    await narrow.post("/logout");
    simulator.clearRequests();
    await browser.get("/user");
    expect(simulator.requests).toEqual([]);
  });

  it("9. returnTo leads only to the app itself", async () => {
    const simulator = await startSimulator();
    const other = await startApp(createApp, simulator, {
      login: (req) => ({ returnTo: String(req.query["to"]) }),
    });
    for (const to of ["https://evil.example/", "//evil.example", "/\\evil.example", "evil"])
      expect(failureOf(await other.browser().get(`/login?to=${encodeURIComponent(to)}`))).toBe(
        "400 invalid_return_to",
      );
    const back = await other.browser().signIn("/login?to=/deep", { user: simulator.addUser() });
    expect(back.json<LoginResult>().returnTo).toBe("/deep");
  });

  it("10. a sign-out can end the tokens at Discord too", async () => {
    const { app, browser, run, simulator } = await startStory(createApp);
    const token = await run((req) => app.discord.getAuthorizationToken(req));

    await browser.post("/logout?everywhere=true");

    expect(simulator.requestsTo("POST /oauth2/token/revoke")).toHaveLength(1);
    const session = app.discord.sessionFromToken({ ...token!, refreshToken: undefined, id: "after" });
    await expect(session.fetchUser()).rejects.toBeInstanceOf(Unauthorized);
  });

  it("11. ids and routes from users cannot change the path", async () => {
    const { browser, simulator } = await startStory(createApp, {
      scopes: ["identify", "guilds.members.read", "guilds.join"],
    });
    const statuses = [];
    for (const path of [
      "/member/..%2F..%2F@me",
      "/join/1%2F..%2F2",
      "/bot?route=/guilds/../users",
      "/bot?route=//evil.example",
      "/bot?route=https://evil.example",
    ])
      statuses.push((await browser.get(path)).json<{ name: string }>().name);

    expect(statuses).toEqual(Array(5).fill("TypeError"));
    expect(simulator.requests).toEqual([]);
  });

  it("12. PKCE is on", async () => {
    const { app, browser, simulator, user } = await startStory(createApp);
    const { authorizeUrl, callbackUrl } = await openLogin(browser, simulator, user);
    await browser.get(callbackUrl);

    expect(authorizeUrl.searchParams.get("code_challenge_method")).toBe("S256");
    const [exchange] = simulator.requestsTo("POST /oauth2/token");
    expect(exchange?.form?.["code_verifier"]).toMatch(/^[\w-]{43}$/);
    expect(app.errors).toEqual([]);
  });
});

describe.each(LATEST_EXPRESS)("Flask-Discord's flaws on %s: tokens", (_name, createApp) => {
  it("13. a refused refresh is Unauthorized, and signs the user out", async () => {
    const { advance, app, browser, run, simulator, user } = await startStory(createApp);
    simulator.removeAuthorization(user);
    advance(WEEK_MS);

    expect(failureOf(await browser.get("/guarded"))).toBe("401 grant_ended");
    expect(lastError(app)).toBeInstanceOf(Unauthorized);
    expect(await run((req) => app.discord.isAuthorized(req))).toBe(false);
    expect(await run((req) => app.discord.getAuthorizationToken(req))).toBeUndefined();
  });

  it("14. parallel requests refresh once", async () => {
    const { advance, browser, simulator } = await startStory(createApp, { scopes: ["identify", "guilds"] });
    advance(WEEK_MS);

    const paths = ["/guarded", "/user?fresh=true", "/guilds", "/request?route=/users/@me"];
    const answers = await Promise.all([...paths, ...paths].map((path) => browser.get(path)));

    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("15. the headers of a request do not leak into the refresh before it", async () => {
    const { advance, app, run, simulator } = await startStory(createApp, {
      scopes: ["identify", "role_connections.write"],
    });
    advance(WEEK_MS);
    const link = `/users/@me/applications/${simulator.options.clientId}/role-connection`;

    await run((req) => app.discord.request(req, link, { method: "PUT", json: { platform_name: "Game" } }));

    const [refresh, update] = simulator.requests;
    expect(Object.keys(refresh?.form ?? {}).sort()).toEqual(["grant_type", "refresh_token"]);
    expect(update?.json).toEqual({ platform_name: "Game" });
  });

  it("16. addToGuild throws Unauthorized for nobody, refreshes, and uses the user's own token", async () => {
    const { advance, app, browser, simulator, user } = await startStory(createApp, {
      scopes: ["identify", "guilds.join"],
    });
    const guild = simulator.addGuild();
    expect(failureOf(await app.browser().get(`/join/${guild.id}`))).toBe("401 not_signed_in");
    advance(WEEK_MS);

    await browser.get(`/join/${guild.id}`);

    expect([...guild.members.keys()]).toEqual([user.id]);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("17. guild and webhook go to the caller of the callback, not into the stored token", async () => {
    const { app, browser, run, simulator, user } = await startStory(createApp, {
      login: (req) => ({ scopes: req.query["bot"] ? ["identify", "bot"] : ["identify"] }),
    });
    const guild = simulator.addGuild({ bot: false });
    simulator.addMember(guild, user, { owner: true });

    const answer = await browser.signIn("/login?bot=yes", { user, guildId: guild.id });

    expect(answer.json()).toMatchObject({ guild: { id: guild.id } });
    expect(await run((req) => app.discord.getAuthorizationToken(req))).not.toHaveProperty("guild");
  });

  it("18. the scopes that were granted count, not those requested", async () => {
    const { app, simulator } = await startStory(createApp, { scopes: ["identify", "guilds"] });
    const browser = app.browser();

    const login = await browser.signIn("/login", { user: simulator.addUser(), scopes: ["identify"] });

    expect(login.json<LoginResult>().scopes).toEqual(["identify"]);
    expect(failureOf(await browser.get("/scoped"))).toBe("403 missing_scopes");
    expect((lastError(app) as MissingScopes).scopes).toEqual(["guilds"]);
  });

  it("19. an expired token does not count as signed in, and a removal at Discord is noticed", async () => {
    const { advance, app, browser, run, simulator, user } = await startStory(createApp);
    simulator.removeAuthorization(user);

    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("401 grant_ended");
    expect(await run((req) => app.discord.isAuthorized(req))).toBe(false);

    await browser.signIn("/login", { user });
    simulator.removeAuthorization(user);
    advance(WEEK_MS);
    expect(await run((req) => app.discord.isAuthorized(req))).toBe(false);
  });
});

describe.each(LATEST_EXPRESS)("Flask-Discord's flaws on %s: errors", (_name, createApp) => {
  it.each([403, 404, 500, 502])("20. a %i is an error, never a result", async (status) => {
    const { browser, simulator } = await startStory(createApp, { scopes: ["identify", "guilds"] });
    simulator.fail({ route: "/users/@me/guilds", kind: "status", status, times: 2 });

    expect(failureOf(await browser.get("/guilds"))).toBe(
      status < 500 ? `${status} discord_error` : "502 discord_unavailable",
    );
    simulator.clearFaults();
    expect((await browser.get("/guilds")).json()).toEqual([]);
  });

  it("21. every failure of a login is an error of this package", async () => {
    const { app, browser, simulator, user } = await startStory(createApp);
    const state = async () => new URL(await beginLogin(browser)).searchParams.get("state");
    await browser.get("/callback?state=made-up&code=c");
    await browser.get(`/callback?state=${await state()}`);
    await browser.get(`/callback?state=${await state()}&code=made-up`);
    for (const kind of ["reset", "truncated", "invalid-json", "html"] as const) {
      simulator.fail({ route: "POST /oauth2/token", kind });
      await browser.signIn("/login", { user });
    }

    expect(app.errors).toHaveLength(7);
    for (const error of app.errors) expect(error).toBeInstanceOf(HttpException);
    expect(app.errors.slice(0, 3).map((error) => (error as HttpException).code)).toEqual([
      "flow_unknown",
      "callback_malformed",
      "code_rejected",
    ]);
  });

  it("22. a token endpoint that limits, fails or answers with a page causes different errors", async () => {
    const { advance, app, browser, simulator, user } = await startStory(createApp);
    const codes = [];
    for (const fault of [
      { kind: "rate-limited", retryAfter: 3 },
      { kind: "cloudflare", form: "html" },
      { kind: "status", status: 500 },
      { kind: "html" },
    ] as const) {
      simulator.fail({ route: "POST /oauth2/token", ...fault });
      codes.push(failureOf(await browser.signIn("/login", { user })));
      advance(120_000);
    }

    expect(codes).toEqual([
      "503 rate_limited",
      "503 rate_limited",
      "502 discord_unavailable",
      "502 discord_unavailable",
    ]);
    expect(app.errors[0]).toMatchObject({ retryAfter: 3 });
  });

  it("23. a 429 of any form is RateLimited, in seconds, on the versioned API", async () => {
    const { advance, app, simulator } = await startStory(createApp, { discord: { maxWaitMs: 0 } });
    const failing = async () => {
      const error = await app.discord.botRequest("/users/@me").catch((reason: unknown) => reason);
      advance(120_000);
      return error;
    };
    simulator.fail({ route: "/users/@me", kind: "rate-limited", retryAfter: 1.5 });
    const json = await failing();
    simulator.fail({ route: "/users/@me", kind: "cloudflare", form: "html" });
    const page = await failing();
    simulator.fail({ route: "/users/@me", kind: "cloudflare", form: "text", retryAfter: 7 });
    const text = await failing();
    simulator.fail({ route: "/users/@me", kind: "status", status: 429, body: { retry_after: 2 } });
    const bare = await failing();

    for (const error of [json, page, text, bare]) expect(error).toBeInstanceOf(RateLimited);
    expect([json, page, text, bare].map((error) => (error as RateLimited).retryAfter)).toEqual([
      1.5, 60, 7, 2,
    ]);
    expect(simulator.requests.every(({ path }) => path.startsWith("/api/v10/"))).toBe(true);
  });

  it("24. a bot token that is missing or refused sends no visitor to the login", async () => {
    const simulator = await startSimulator();
    const missing = await startApp(createApp, simulator, {
      create: (to, { botToken: _, ...given }) => new DiscordOAuth2Session(to, given),
    });
    const wrong = await startApp(createApp, simulator, { discord: { botToken: "wrong" } });
    const errors = await Promise.all(
      [missing, wrong].map(({ discord }) => discord.fetchBot().catch((error: unknown) => error)),
    );

    expect(errors).toMatchObject([
      { code: "bot_token_missing", status: 500 },
      { code: "bot_token_rejected", status: 500 },
    ]);
    for (const error of errors) expect(error).not.toBeInstanceOf(Unauthorized);
  });

  it("25. an error keeps status, code, body, method, route and Discord's description", async () => {
    const { app, browser } = await startStory(createApp, { scopes: ["identify", "guilds.members.read"] });
    await browser.get("/member/1100000000000000001");
    expect(lastError(app)).toMatchObject({
      status: 404,
      code: "discord_error",
      discordCode: 10004,
      body: { message: "Unknown Guild", code: 10004 },
      method: "GET",
      route: "/users/@me/guilds/1100000000000000001/member",
    });

    const state = new URL(await beginLogin(browser)).searchParams.get("state");
    await browser.get(`/callback?state=${state}&error=server_error&error_description=Later`);
    expect(lastError(app)).toMatchObject({ error: "server_error", description: "Later" });
  });

  it("26. a GET is repeated after a 502, no call waits forever, and the User-Agent names the caller", async () => {
    const { app, browser, simulator } = await startStory(createApp, { discord: { timeoutMs: 200 } });
    simulator.fail({ route: "/users/@me", kind: "status", status: 502 });
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(simulator.requestsTo("/users/@me")).toHaveLength(2);

    simulator.fail({ route: "/users/@me", kind: "hang" });
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("504 discord_timeout");
    expect(simulator.requests[0]?.headers["user-agent"]).toMatch(/^DiscordBot \(\S+, \S+\)/);
    await app.discord.close();
  });
});

describe.each(LATEST_EXPRESS)("Flask-Discord's flaws on %s: the cache", (_name, createApp) => {
  it("27. cached data expires", async () => {
    const { advance, browser, simulator } = await startStory(createApp);

    advance(299_000);
    await browser.get("/user");
    expect(simulator.requests).toHaveLength(0);
    advance(1001);
    await browser.get("/user");
    expect(simulator.requests).toHaveLength(1);
  });

  it("28. guilds and connections are cached without a fetch of the user before", async () => {
    const { browser, simulator } = await startStory(createApp, { scopes: ["guilds", "connections"] });

    for (let times = 0; times < 3; times += 1) {
      await browser.get("/guilds");
      await browser.get("/connections");
    }

    expect(simulator.requests).toHaveLength(2);
  });

  it("29. concurrent misses are one call", async () => {
    const { browser, simulator } = await startStory(createApp, { scopes: ["identify", "guilds"] });

    await Promise.all(Array.from({ length: 20 }, () => browser.get("/guilds")));

    expect(simulator.requests).toHaveLength(1);
  });
});

describe.each(LATEST_EXPRESS)("Flask-Discord's flaws on %s: models and setup", (_name, createApp) => {
  it("35. fetchBot gives the bot, not the user", async () => {
    const { app, simulator, user } = await startStory(createApp);

    const bot = await app.discord.fetchBot();

    expect(bot).toBeInstanceOf(Bot);
    expect([bot.id, bot.id === user.id]).toEqual([simulator.options.clientId, false]);
  });

  it("38. token and API calls work through a proxy", async () => {
    const proxy = await startProxy("user:password");
    const { browser, user } = await startStory(createApp, { discord: { proxy: proxy.url } });

    expect(await signedInAs(browser)).toBe(user.id);
    const methods = () => proxy.reports.map(({ request }) => request.split(" ")[0]);
    await expect.poll(methods).toEqual(["POST", "CONNECT"]);
  });

  it("39. a bot's request takes headers and an audit-log reason", async () => {
    const { app, simulator } = await startStory(createApp);

    await app.discord.botRequest("/users/@me", { headers: { "X-Own": "1" }, reason: "tidying" });

    expect(simulator.requests[0]?.headers).toMatchObject({ "x-own": "1", "x-audit-log-reason": "tidying" });
  });

  it("40. Discord's address is discord.com", () => {
    const app = createApp();
    const discord = new DiscordOAuth2Session(app, {
      clientId: "42",
      clientSecret: "client-secret",
      redirectUri: "http://localhost/callback",
    });
    const headers = new Headers();
    const res = {
      setHeader: () => undefined,
      appendHeader: (name: string, value: string) => headers.append(name, value),
    };

    const url = discord.authorizationUrl({ headers: {}, session: {} } as never, res as never);

    return expect(url).resolves.toMatch(/^https:\/\/discord\.com\/oauth2\/authorize\?/);
  });

  it("41. the caller's data stays unchanged, in both directions", async () => {
    const data = Object.freeze({ list: Object.freeze([1]) });
    const { browser, user } = await startStory(createApp, { login: { data } });

    const login = await browser.signIn("/login", { user });

    expect(login.json<LoginResult>().data).toEqual({ list: [1] });
    expect(data).toEqual({ list: [1] });
  });

  it.each(["state", "redirect_uri", "client_id", "response_type", "scope", "prompt"])(
    "42. the parameter %s cannot be given twice",
    async (name) => {
      const simulator = await startSimulator();
      const app = await startApp(createApp, simulator, { login: { params: { [name]: "mine" } } });

      await app.browser().get("/login");

      expect(lastError(app)).toBeInstanceOf(TypeError);
      expect(loginCookies(app.browser())).toEqual([]);
    },
  );

  it("43. an instance serves several apps with one configuration, and never two", () => {
    const [one, two, three] = [createApp(), createApp(), createApp()];
    const options = { clientSecret: "client-secret", redirectUri: "http://localhost/callback" };
    for (const app of [one, two]) app.set("DISCORD_CLIENT_ID", "1");
    three.set("DISCORD_CLIENT_ID", "3");
    const discord = new DiscordOAuth2Session(one, options);

    expect(discord.init(two)).toBe(discord);
    expect(() => discord.init(three)).toThrow(/different configuration/);
    expect(three.get("discord")).toBeUndefined();
  });

  it("44. a guard waits for asynchronous work, and knows scopes", async () => {
    const { app, browser } = await startStory(createApp, {
      routes: (to) =>
        to.get("/late", requiresAuthorization, async (_req, res) => {
          await new Promise((resolve) => setImmediate(resolve));
          res.send("late");
        }),
    });

    expect((await browser.get("/late")).text).toBe("late");
    expect(failureOf(await app.browser().get("/late"))).toBe("401 not_signed_in");
    expect(failureOf(await browser.get("/scoped"))).toBe("403 missing_scopes");
  });
});

describe("Flask-Discord's flaws: values", () => {
  const user = User.from({ id: "80351110224678912", username: "nelly", discriminator: "0" });

  it("30. the default avatar follows the id where there is no discriminator", () => {
    const index = (80351110224678912n >> 22n) % 6n;

    expect(user.defaultAvatarUrl).toBe(`https://cdn.discordapp.com/embed/avatars/${index}.png`);
    expect(index).not.toBe(0n);
  });

  it("31. users and guilds have today's names and fields", () => {
    const today = User.from({
      ...user.payload,
      global_name: "Nelly",
      banner: "b1",
      accent_color: 0xff0000,
      public_flags: 64,
      avatar_decoration_data: { asset: "a1" },
    });
    expect(String(user)).toBe("nelly");
    expect(today).toMatchObject({
      displayName: "Nelly",
      globalName: "Nelly",
      accentColor: 0xff0000,
      publicFlags: 64,
    });
    expect([today.bannerUrl, today.avatarDecorationUrl].every((url) => url?.startsWith("https://"))).toBe(
      true,
    );
    const guild = Guild.from({
      id: "1",
      features: ["COMMUNITY"],
      banner: "b2",
      approximate_member_count: 5,
    });
    expect(guild).toMatchObject({ features: ["COMMUNITY"], approximateMemberCount: 5 });
    expect(guild.bannerUrl).toContain("/banners/1/b2.png");
  });

  it("32. a missing avatar is undefined", () => {
    expect([user.avatarHash, user.avatarUrl]).toEqual([undefined, undefined]);
  });

  it("33. a guild's icon may be animated, and has sizes and formats", () => {
    const guild = Guild.from({ id: "1", icon: "a_f64c" });

    expect(guild.iconUrl).toMatch(/\.gif$/);
    expect(guild.iconUrlWith({ size: 64, format: "webp" })).toMatch(/\.webp\?.*size=64/);
  });

  it("34. an integration is read as Discord spells it, and may lack a role", () => {
    const integration = Integration.from({ id: "1", expire_behavior: 1, role_id: null });

    expect([integration.expireBehaviour, integration.roleId]).toEqual([1, undefined]);
  });

  it("36. ids are strings", () => {
    const id = "18446744073709551615";

    expect(User.from({ id, username: "last" }).id).toBe(id);
    expect(() => User.from({ id: 80351110224678912, username: "nelly" })).toThrow(TypeError);
  });

  it("37. permissions may use bits beyond 32, and keep bits without a name", () => {
    expect(new Permissions("MODERATE_MEMBERS").value).toBe(1n << 40n);
    expect(new Permissions(1n << 100n).with("KICK_MEMBERS").toString()).toBe(String((1n << 100n) + 2n));
    expect(inspect(new Permissions(8))).toContain("8n");
  });
});
