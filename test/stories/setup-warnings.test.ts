import type { Application, RequestHandler } from "express";
import session, { MemoryStore, type SessionOptions } from "express-session";
import { describe, expect, it, onTestFinished } from "vitest";
import { type DiscordOptions, discordRouter } from "../../src/index.js";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";
import { lastError, openLogin, signedInAs } from "../support/login.js";
import { collectWarnings } from "../support/warnings.js";

type CreateApp = () => Application;

const SESSION = { secret: "a secret of the session cookie", resave: false, saveUninitialized: false };

/** Waits, because warnings are emitted in a later turn. */
async function warned(codes: readonly string[]): Promise<readonly string[]> {
  await new Promise((resolve) => setImmediate(resolve));
  return codes;
}

function setEnvironment(name: string, value: string): void {
  const former = process.env[name];
  process.env[name] = value;
  onTestFinished(() => {
    if (former === undefined) delete process.env[name];
    else process.env[name] = former;
  });
}

interface SetUp {
  readonly session?: Partial<SessionOptions>;
  readonly discord?: DiscordOptions;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Starts two logins and returns the codes of the warnings. */
async function warningsOf(createApp: CreateApp, { session: given, discord, headers }: SetUp) {
  const simulator = await startSimulator();
  const codes = collectWarnings();
  const app = await startApp(createApp, simulator, {
    ...(given && { session: given }),
    ...(discord && { discord }),
  });
  const logins = [];
  for (let times = 0; times < 2; times += 1)
    logins.push(await app.browser().get("/login", { headers: headers ?? {} }));
  expect(logins.map(({ status }) => status)).toEqual([302, 302]);
  return warned(codes);
}

/** A store that other processes could share, judging by its name. */
class DatabaseStore extends MemoryStore {}

describe.each(EXPRESS)("setup warnings on %s", (_name, createApp) => {
  it.each<[string, SetUp, string]>([
    ["sameSite: strict", { session: { cookie: { sameSite: "strict" } } }, "SAME_SITE_STRICT"],
    ["sameSite: true", { session: { cookie: { sameSite: true } } }, "SAME_SITE_STRICT"],
    ["secure without https", { session: { cookie: { secure: true } } }, "SECURE_WITHOUT_HTTPS"],
    [
      "http on www., the callback without",
      { discord: { redirectUri: "http://example.com/callback" }, headers: { Host: "www.example.com" } },
      "OTHER_HOST",
    ],
    [
      "the other host behind a proxy that says so",
      {
        discord: { redirectUri: "https://www.example.com/callback" },
        headers: { Host: "127.0.0.1:3000", "X-Forwarded-Host": "example.com", "X-Forwarded-Proto": "https" },
      },
      "OTHER_HOST",
    ],
  ])("one warning reports a setup that loses logins: %s", async (_what, setUp, code) => {
    expect(await warningsOf(createApp, setUp)).toEqual([`EXPRESS_DISCORD_${code}`]);
  });

  it("one warning reports a login on localhost with a redirect URI on 127.0.0.1", async () => {
    const simulator = await startSimulator();
    const codes = collectWarnings();
    const app = await startApp(createApp, simulator);
    const headers = { Host: `localhost:${new URL(app.url).port}` };

    for (let times = 0; times < 2; times += 1) await app.browser().get("/login", { headers });

    expect(await warned(codes)).toEqual(["EXPRESS_DISCORD_OTHER_HOST"]);
  });

  it("a header that a client makes up causes no warning about the host", async () => {
    const simulator = await startSimulator();
    const codes = collectWarnings();
    const app = await startApp(createApp, simulator);
    const headers = { "X-Forwarded-Host": `localhost:${new URL(app.url).port}` };
    await app.browser().get("/login", { headers });
    const answer = await app.browser().get("/callback?state=x&code=y");
    expect(answer.json<{ message: string }>().message).not.toContain("Likely cause");
    expect(await warned(codes)).toEqual([]);
  });

  it("one warning reports a MemoryStore in production", async () => {
    setEnvironment("NODE_ENV", "production");

    expect(await warningsOf(createApp, {})).toEqual(["EXPRESS_DISCORD_MEMORY_STORE"]);
  });

  it("the error of a lost login hints at a setup that loses logins", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const { port } = new URL(app.url);
    const headers = { Host: `localhost:${port}` };
    const { callbackUrl } = await openLogin(app.browser(), simulator, simulator.addUser());
    await app.browser().get("/login", { headers });

    const answer = await app.browser().get(callbackUrl);

    expect(answer.status).toBe(400);
    expect(lastError(app)).toMatchObject({ code: "flow_unknown" });
    expect(String(lastError(app))).toContain(
      "A login started on localhost, but the redirect URI is on 127.0.0.1",
    );
  });

  it("the error of a lost login does not blame the MemoryStore", async () => {
    setEnvironment("NODE_ENV", "production");
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator);
    const { callbackUrl } = await openLogin(app.browser(), simulator, simulator.addUser());

    await app.browser().get(callbackUrl);

    expect(String(lastError(app))).not.toContain("MemoryStore");
  });
});

describe.each(EXPRESS)("redirect URIs that miss the router on %s", (_name, createApp) => {
  async function messagesOf(
    { mount, callbackPath, redirect }: { mount: string; callbackPath?: string | false; redirect: string },
    paths: readonly string[],
  ) {
    const simulator = await startSimulator();
    const messages: string[] = [];
    const collect = ({ code, message }: Error & { code?: string }) => {
      if (code === "EXPRESS_DISCORD_OTHER_CALLBACK") messages.push(message);
    };
    process.on("warning", collect);
    onTestFinished(() => void process.off("warning", collect));
    const app = await startApp(createApp, simulator, {
      callbackPath: redirect,
      routes: (to) => to.use(mount, discordRouter({ callbackPath })),
    });
    for (const path of paths) expect((await app.browser().get(path)).status).toBe(302);
    await warned([]);
    return messages;
  }

  it("one warning at the first login names the redirect URI and the router's path", async () => {
    const set = { mount: "/auth", redirect: "/oauth/return" };
    expect(await messagesOf(set, [])).toEqual([]);
    expect(await messagesOf(set, ["/auth/login", "/AUTH/login", "/auth/login"])).toEqual([
      expect.stringMatching(/leads to "\/oauth\/return".* discordRouter is "\/auth\/callback"/),
    ]);
    expect(await messagesOf({ mount: "/auth", redirect: "/callback" }, ["/auth/login"])).toHaveLength(1);
  });

  it.each([
    [
      "which differs as Express does not mind",
      { mount: "/auth", redirect: "/Auth/callback/" },
      "/auth/login",
    ],
    [
      "which the app serves itself",
      { mount: "/auth", callbackPath: false, redirect: "/callback" },
      "/auth/login",
    ],
    [
      "under a pattern that a stranger fills in",
      { mount: "/:tenant", redirect: "/acme/callback" },
      "/other/login",
    ],
  ] as const)("no warning is given for a redirect URI %s", async (_what, set, path) => {
    expect(await messagesOf(set, [path])).toEqual([]);
  });
});

describe.each(EXPRESS)("correct setups on %s", (_name, createApp) => {
  const https = { redirectUri: "https://app.example.com/callback" };
  it.each<[string, SetUp]>([
    ["plain http while developing", {}],
    ["localhost, with secure: auto", { session: { cookie: { secure: "auto" } } }],
    ["sameSite: lax", { session: { cookie: { sameSite: "lax" } } }],
    ["sameSite: none", { session: { cookie: { sameSite: "none" } } }],
    [
      "TLS that ends at a proxy",
      {
        discord: https,
        session: { cookie: { secure: true } },
        headers: { Host: "app.example.com", "X-Forwarded-Proto": "https" },
      },
    ],
    [
      "several proxies",
      {
        discord: https,
        session: { cookie: { secure: true } },
        headers: { Host: "app.example.com", "X-Forwarded-Proto": "https, http" },
      },
    ],
    [
      "session({ proxy: true })",
      {
        discord: https,
        session: { proxy: true, cookie: { secure: true } },
        headers: { Host: "app.example.com", "X-Forwarded-Proto": "https" },
      },
    ],
    [
      "nginx, which names the upstream as host",
      { discord: https, headers: { Host: "backend", "X-Forwarded-Proto": "https" } },
    ],
    [
      "nginx, whose upstream is a subdomain with a port",
      { discord: https, headers: { Host: "node1.app.example.com:3000", "X-Forwarded-Proto": "https" } },
    ],
    [
      "a development proxy on another port of localhost",
      {
        discord: { redirectUri: "http://localhost:5173/callback" },
        headers: { Host: "127.0.0.1:3000" },
      },
    ],
    [
      "a tunnel",
      {
        discord: { redirectUri: "https://abc123.tunnel.example/callback" },
        session: { cookie: { secure: true } },
        headers: { Host: "localhost:3000", "X-Forwarded-Proto": "https" },
      },
    ],
    ["no Host that is one", { discord: https, headers: { Host: "" } }],
  ])("a correct setup causes no warning: %s", async (_what, setUp) => {
    expect(await warningsOf(createApp, setUp)).toEqual([]);
  });

  it("a sign-in works behind a proxy that terminates TLS", async () => {
    const simulator = await startSimulator();
    const codes = collectWarnings();
    const url = "https://app.example.com";
    const withProxy = () => createApp().set("trust proxy", 1);
    const app = await startApp(withProxy, simulator, {
      discord: { redirectUri: `${url}/callback` },
      session: { cookie: { secure: true } },
    });
    const user = simulator.addUser();
    const browser = simulator.browser(url, { via: app.url });

    await browser.signIn("/login", { user });

    expect(await signedInAs(browser)).toBe(user.id);
    expect(await warned(codes)).toEqual([]);
  });

  it("a store made for production causes no warning in production", async () => {
    setEnvironment("NODE_ENV", "production");
    expect(await warningsOf(createApp, { session: { store: new DatabaseStore() } })).toEqual([]);
  });
});

describe.each(EXPRESS)("missing sessions on %s", (_name, createApp) => {
  const none: RequestHandler = (_req, _res, next) => next();
  const elsewhere = session({ ...SESSION, cookie: { path: "/admin" } });
  class OfflineStore extends MemoryStore {}
  const offline = () => {
    const store = new OfflineStore();
    const middleware = session({ ...SESSION, store });
    store.emit("disconnect");
    return middleware;
  };

  it.each<[string, () => RequestHandler]>([
    ["no middleware", () => none],
    ["a cookie path elsewhere", () => elsewhere],
    ["a store that is offline", offline],
  ])("the error of a missing session lists its causes: %s", async (_what, middleware) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { sessionMiddleware: middleware() });

    const answer = await app.browser().get("/me");

    expect([answer.status, answer.json<{ code: string }>().code]).toEqual([500, "session_missing"]);
    const { message } = answer.json<{ message: string }>();
    const causes = ["is missing", "comes after this route", "store is offline", "cookie path"];
    const places = causes.map((cause) => message.indexOf(cause));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places.every((place) => place > 0)).toBe(true);
  });

  it("a login without a session fails before the visitor has been to Discord", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      sessionMiddleware: none,
      routes: (to) => to.use("/auth", discordRouter()),
    });

    for (const path of ["/login", "/auth/login"]) {
      const answer = await app.browser().get(path);
      expect([answer.status, answer.json<{ code: string }>().code]).toEqual([500, "session_missing"]);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });

  it("session middleware after the route causes the same error as none", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      sessionMiddleware: none,
      routes: (to) => to.use(session(SESSION)),
    });

    expect((await app.browser().get("/me")).json()).toMatchObject({ code: "session_missing" });
  });
});

describe.each(EXPRESS)("secrets on %s", (_name, createApp) => {
  const [oldSecret, newSecret] = ["q3ZkT9wXbV1mRj7sLpYc0uEoHn5gDf2a", "Wm8xKd4vQz6tBy1rNc5hJf9pGs3lTa7e"];

  /** Signs in at one app and returns to another one with the same sessions. */
  async function comeBack(before: DiscordOptions, after: DiscordOptions) {
    const simulator = await startSimulator();
    const store = new DatabaseStore();
    const former = await startApp(createApp, simulator, { discord: before, session: { store } });
    const user = simulator.addUser();
    const browser = former.browser();
    await browser.signIn("/login", { user });
    const next = await startApp(createApp, simulator, {
      discord: after,
      session: { store },
    });
    return { simulator, user, browser, next, former };
  }

  it("a changed secret ends old sign-ins without an error, and new ones work", async () => {
    const { browser, next, simulator, user } = await comeBack({ secret: oldSecret }, { secret: newSecret });

    const answer = await browser.get(`${next.url}/me`);

    expect([answer.status, answer.json<{ name: string }>().name]).toEqual([401, "Unauthorized"]);
    const fresh = next.browser();
    await fresh.signIn("/login", { user });
    expect(await signedInAs(fresh)).toBe(user.id);
    expect(simulator.requests.some(({ status }) => status === 401)).toBe(false);
  });

  it("a changed client secret ends old logins without an error if the secret is derived from it", async () => {
    const { browser, next } = await comeBack({}, { clientSecret: "another-client-secret" });

    const answers = [await browser.get(`${next.url}/me`), await browser.post(`${next.url}/logout`)];

    expect(answers.map(({ status }) => status)).toEqual([401, 200]);
  });

  it("secrets rotated as a list keep visitors signed in", async () => {
    const { browser, next, user } = await comeBack({ secret: oldSecret }, { secret: [newSecret, oldSecret] });

    expect((await browser.get(`${next.url}/me`)).json()).toEqual({ id: user.id });
  });

  it("secrets rotated as a list keep logins in progress", async () => {
    const simulator = await startSimulator();
    const redirectUri = "http://127.0.0.1:3000/callback";
    const former = await startApp(createApp, simulator, { discord: { redirectUri, secret: oldSecret } });
    const next = await startApp(createApp, simulator, {
      discord: { redirectUri, secret: [newSecret, oldSecret] },
    });
    const browser = former.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    const { pathname, search } = new URL(callbackUrl);

    expect((await browser.get(next.url + pathname + search)).status).toBe(200);
  });
});
