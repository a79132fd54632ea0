import { createHash } from "node:crypto";
import type { Application } from "express";
import { describe, expect, it } from "vitest";
import {
  DiscordOAuth2Session,
  discordRouter,
  redirectUnauthorized,
  requiresAuthorization,
} from "../../src/index.js";
import { parseSetCookie } from "../../src/testing/set-cookie.js";
import { EXPRESS, forward, startApp, startSimulator, type TestAppOptions } from "../support/app.js";
import { beginLogin, exchangesAt, lastError, openLogin, signedInAs, withQuery } from "../support/login.js";
import { sendRaw } from "../support/raw-request.js";

const SITE = "https://app.example.com";
const SECRET = "one secret that two applications share";
const ALL_SCOPES = [
  "identify",
  "email",
  "guilds",
  "guilds.join",
  "guilds.members.read",
  "connections",
  "applications.commands",
  "messages.read",
];

/** The ready-made sign-in, and a page that links to it. */
function withRouter(app: Application): void {
  app.use("/auth", discordRouter());
  app.all("/page", requiresAuthorization, (_req, res) => void res.send("A page."));
  app.use(redirectUnauthorized("/auth/login"));
}

const AT_ROUTER: TestAppOptions = { routes: withRouter, callbackPath: "/auth/callback" };

describe.each(EXPRESS)("attacks on a login on %s", (_name, createApp) => {
  it.each(["approve", "cancel"] as const)(
    "one Discord's callback is refused by another instance in the same app: %s",
    async (decision) => {
      const behaviour = { issOnSuccess: false, issOnError: false };
      const honest = await startSimulator({ behaviour });
      const evil = await startSimulator({ behaviour, clientId: "1100000000000000666" });
      const app = await startApp(createApp, honest, {
        discord: { secret: SECRET },
        routes(to, { redirectUri }) {
          const other = createApp();
          const discord = new DiscordOAuth2Session(other, {
            ...evil.options,
            secret: SECRET,
            redirectUri: redirectUri.replace("/callback", "/other/callback"),
          });
          other.get(
            "/callback",
            forward((req, res) => discord.callback(req, res)),
          );
          to.use("/other", other);
        },
      });
      const user = honest.addUser();
      const browser = app.browser();
      const callbackUrl = await honest[decision](await beginLogin(browser), { user });

      await browser.get(callbackUrl.replace("/callback", "/other/callback"));

      expect(lastError(app)).toMatchObject({ code: "flow_unknown" });
      expect(evil.requests).toEqual([]);
      expect(honest.requestsTo("POST /oauth2/token")).toEqual([]);
      await browser.get(callbackUrl);
      expect(await signedInAs(browser)).toBe(decision === "approve" ? user.id : undefined);
    },
  );

  it.each([
    ["leaves out", undefined],
    ["replaces", createHash("sha256").update("a verifier of the attacker's").digest("base64url")],
  ])("a login fails if somebody %s its challenge", async (_what, challenge) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();
    const downgraded = withQuery(await beginLogin(browser), {
      code_challenge: challenge,
      code_challenge_method: challenge && "S256",
    });

    await browser.get(await simulator.approve(downgraded, { user: simulator.addUser() }));

    expect(lastError(app)).toMatchObject({ code: "code_rejected", error: "invalid_grant" });
    expect(await signedInAs(browser)).toBeUndefined();
  });

  it("a login ignores every cookie that a sibling domain can plant", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      discord: { redirectUri: `${SITE}/callback` },
      session: { proxy: true, cookie: { secure: true } },
    });
    const attacker = simulator.browser(SITE, { via: app.url });
    const { callbackUrl } = await openLogin(attacker, simulator, simulator.addUser());
    const [{ name, value } = { name: "", value: "" }] = attacker.cookies.list();
    const plainName = name.replace("__Host-", "");

    const isTaken = (header: string) =>
      parseSetCookie(header, new URL("https://evil.example.com")) !== undefined;
    expect(isTaken(`${plainName}=${value}; Domain=example.com; Path=/; Secure`)).toBe(true);
    expect(isTaken(`${name}=${value}; Domain=example.com; Path=/; Secure`)).toBe(false);

    const planted = [plainName, `=${name}`, `"${name}"`, `\xa0${name}`, `\x85${name}`, name.toLowerCase()];
    for (const cookie of planted) {
      const victim = simulator.browser(SITE, { via: app.url });
      await victim.get(callbackUrl, { headers: { Cookie: `${cookie}=${value}` }, crossSite: true });
      expect(lastError(app)).toMatchObject({ code: "flow_unknown" });
      expect(await signedInAs(victim)).toBeUndefined();
    }
    expect(exchangesAt(simulator)).toBe(0);
  });

  it.each([
    ["http", ""],
    ["https", "__Host-"],
  ])("a login works in spite of cookies with invalid names, on %s", async (scheme, prefix) => {
    const simulator = await startSimulator();
    const site = scheme === "https" ? SITE : undefined;
    const app = await startApp(createApp, simulator, {
      ...(site && { discord: { redirectUri: `${site}/callback` } }),
      session: { proxy: true, cookie: { secure: "auto" } },
    });
    const user = simulator.addUser();
    const browser = site ? simulator.browser(site, { via: app.url }) : app.browser();
    browser.cookies.set(`${prefix}discord-${"\xff".repeat(12)}`, "x");
    browser.cookies.set(`${prefix}discord-(\x80,\xa0,\xff)|"@[]`, "x");

    expect((await browser.signIn("/login", { user })).json()).toMatchObject({ userId: user.id });
  });

  it("a login works with a session cookie that no sibling domain can plant", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      discord: { redirectUri: `${SITE}/callback` },
      session: { name: "__Host-session", proxy: true, cookie: { secure: true, sameSite: "lax" } },
    });
    const user = simulator.addUser();
    const browser = simulator.browser(SITE, { via: app.url });

    await browser.signIn("/login", { user });

    expect(browser.cookies.get("__Host-session")).toBeDefined();
    expect(await signedInAs(browser)).toBe(user.id);
  });
});

describe.each(EXPRESS)("outgoing addresses and headers on %s", (_name, createApp) => {
  it("redirects use 302 or 303, which turn a POST into a GET", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, AT_ROUTER);
    const user = simulator.addUser();
    const browser = app.browser();
    const html = { headers: { Accept: "text/html" } };

    const answers = [
      await browser.get("/page", html),
      await browser.post("/page", html),
      await browser.post("/auth/login", { form: { password: "of another form" } }),
      await browser.signIn("/auth/login", { user }),
      await browser.post("/auth/logout", { headers: { Origin: app.url } }),
    ];

    expect(answers.map(({ status }) => status)).toEqual([302, 302, 302, 302, 303]);
    expect(answers.every(({ location }) => location !== undefined)).toBe(true);
  });

  it("no cache keeps a response that begins, ends or refuses a sign-in", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, AT_ROUTER);
    const user = simulator.addUser();
    const browser = app.browser();
    const stranger = app.browser();

    const answers = [
      await browser.get("/page", { headers: { Accept: "text/html" } }),
      await browser.get("/page"),
      await browser.get("/auth/login"),
      await browser.signIn("/auth/login", { user }),
      await stranger.get("/auth/callback?code=c&state=s"),
      await browser.post("/auth/logout", { headers: { Origin: app.url } }),
    ];

    expect(answers.map(({ headers }) => headers.get("cache-control"))).toEqual(answers.map(() => "no-store"));
  });

  it.each([
    ["301", "GET /users/@me", "/me"],
    ["302", "GET /users/@me", "/me"],
    ["307", "GET /users/@me", "/me"],
    ["308", "POST /oauth2/token", "/callback"],
    ["307", "POST /oauth2/token", "/callback"],
    ["302", "POST /oauth2/token", "/callback"],
  ])("no credential is sent to the target of a %s of %s", async (status, route, step) => {
    const simulator = await startSimulator();
    const elsewhere = await startSimulator();
    const app = await startApp(createApp, simulator, { discord: { cache: { ttlMs: 1 } } });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    const redirect = { kind: "status", status: Number(status), route, times: 10 } as const;
    const headers = { Location: `${elsewhere.url}/api/v10${route.split(" ")[1]}` };
    simulator.fail({ ...redirect, headers });

    await browser.get(callbackUrl);
    if (step === "/me") await browser.get("/me");

    expect(lastError(app)).toMatchObject({ code: "discord_unavailable", status: 502 });
    expect(elsewhere.requests).toEqual([]);
  });

  it("no address has a secret, and only the callback's has a code", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      ...AT_ROUTER,
      discord: { scopes: ["identify", "guilds"], secret: SECRET },
    });
    const browser = app.browser();
    const { authorizeUrl, callbackUrl, code } = await openLogin(
      browser,
      simulator,
      simulator.addUser(),
      "/auth/login?returnTo=/page",
    );
    const { location = "" } = await browser.get(callbackUrl);
    await browser.get("/page");
    await app.discord.fetchBot();
    await browser.post("/auth/logout", { headers: { Origin: app.url } });

    const { clientSecret, botToken } = simulator.options;
    const [exchange] = simulator.requestsTo("POST /oauth2/token");
    const [userCall] = simulator.requestsTo("GET /users/@me");
    const verifier = exchange?.form?.["code_verifier"] ?? "";
    const secrets = [clientSecret, botToken, SECRET, verifier, userCall?.token ?? ""];
    expect(secrets.every((secret) => secret.length > 10)).toBe(true);
    const atDiscord = simulator.requests.map(({ path, query }) => path + JSON.stringify(query));
    const others = [authorizeUrl.href, location, ...atDiscord.filter((address) => address.includes("/api/"))];
    for (const secret of secrets) expect([...others, callbackUrl].join("\n")).not.toContain(secret);
    expect(others.join("\n")).not.toContain(code);
    expect(location).toBe("/page");
  });

  it("pages of this library cannot be framed, load nothing and send no referrer", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, AT_ROUTER);

    const { headers, text } = await app.browser().get("/auth/callback?code=c&state=s");

    const policy = headers.get("content-security-policy")?.split("; ");
    expect(policy).toEqual(
      expect.arrayContaining(["default-src 'none'", "frame-ancestors 'none'", "form-action 'none'"]),
    );
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(text).not.toMatch(/<script|<img|<link|<form|https?:/);
  });
});

describe.each(EXPRESS)("malicious requests on %s", (_name, createApp) => {
  it.each<readonly [string, string, readonly string[]]>([
    ["an address of another host", "GET http://a:99999/auth/login HTTP/1.1", []],
    ["an address without a path", "GET http://evil.example HTTP/1.1", []],
    ["two slashes", "GET //evil.example/auth/login HTTP/1.1", []],
    ["a line break for a place", "GET /auth/login?returnTo=/%0d%0aX-Injected:1 HTTP/1.1", []],
    ["a place of many bytes", `GET /auth/login?returnTo=/${"%E2%82%AC".repeat(900)} HTTP/1.1`, []],
    ["a place of many quotes", `GET /auth/login?returnTo=/${"%22".repeat(1490)} HTTP/1.1`, []],
    ["half a character", "GET /auth/login?returnTo=/%ED%A0%80 HTTP/1.1", []],
    ["a line break for a state", "GET /auth/callback?code=c&state=%0d%0aX-Injected:1 HTTP/1.1", []],
    ["names of JavaScript's own", "GET /auth/callback?__proto__=1&state=__proto__&code=c HTTP/1.1", []],
    ["invalid percent-encoding", `GET /auth/callback?${"%".repeat(500)}&state=%&code=%zz HTTP/1.1`, []],
    ["bytes that are no text", "GET /auth/callback?state=\xff\xfe&code=\x80 HTTP/1.1", []],
    ["a cookie of our kind", "GET /auth/login HTTP/1.1", [`Cookie: discord-${"\xff".repeat(12)}=x`]],
    [
      "cookies without end",
      "GET /auth/login HTTP/1.1",
      [`Cookie: ${"discord-AAAAAAAAAAAA=x; ".repeat(500)}`],
    ],
    [
      "a made-up count of logins",
      "GET /page HTTP/1.1",
      ["Cookie: discord.logins=NaN.-1.1e99", "Accept: text/html"],
    ],
    ["a cookie of JavaScript's own", "GET /auth/login HTTP/1.1", ["Cookie: __proto__=x; constructor=y"]],
    ["an invalid session id", "GET /page HTTP/1.1", ["Cookie: connect.sid=s%3A__proto__.x"]],
    ["an invalid host", "GET /auth/login HTTP/1.1", ["X-Forwarded-Host: [/%", "X-Forwarded-Proto: \xff"]],
    ["an invalid origin", "POST /auth/logout HTTP/1.1", ["Origin: \xff", "Content-Length: 0"]],
  ])("a malicious request causes no server error and no header: %s", async (_what, line, headers) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, AT_ROUTER);

    const { status, head } = await sendRaw(app.url, [line, "Host: app.example", ...headers]);

    expect(status).toBeGreaterThanOrEqual(200);
    expect(status).toBeLessThan(500);
    expect(head.toLowerCase()).not.toMatch(/^(?:x-injected|location: https?:\/\/evil)/m);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("no malicious request can forge a line of a log", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());

    await browser.get(
      withQuery(callbackUrl, {
        code: undefined,
        error: "a\r\nb",
        error_description: "It is so.\r\n2026-01-01 root signed in\u001b[2J\u0085\u2028the end",
      }),
    );

    expect(lastError(app)).toMatchObject({ code: "authorization_failed" });
    const { message } = lastError(app) as Error;
    expect(message).toContain("It is so. 2026-01-01 root signed in [2J the end");
    expect(message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
  });

  it("returnTo accepts addresses of up to 1,500 bytes, with every scope, and no longer ones", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: withRouter,
      discord: { redirectUri: `${SITE}/auth/callback`, scopes: ALL_SCOPES },
      session: { proxy: true, cookie: { secure: true } },
    });
    const user = simulator.addUser();
    const longest = `/page?${"x".repeat(1492)}`;
    const html = { headers: { Accept: "text/html" } };

    for (const [place, end] of [
      [longest, longest],
      [`${longest}x`, "/"],
      [`/page?${"&".repeat(6000)}`, "/"],
    ] as const) {
      const browser = simulator.browser(SITE, { via: app.url });
      const { location = "" } = await browser.get(place, html);
      const { callbackUrl } = await openLogin(browser, simulator, user, location);
      expect((await browser.get(callbackUrl)).location).toBe(end);
    }
  });

  it("a malicious response of Discord cannot change Object.prototype", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const body = `{"id":"${user.id}","username":"mira","__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}`;
    const headers = { "Content-Type": "application/json" };
    simulator.fail({ kind: "status", status: 200, route: "GET /users/@me", body, headers });

    const answer = await app.browser().signIn("/login", { user });

    expect(answer.json()).toMatchObject({ userId: user.id });
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect({}).not.toHaveProperty("isAdmin");
  });
});
