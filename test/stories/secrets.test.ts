import { inspect } from "node:util";
import type { Request, Response } from "express";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type DiscordOAuth2Session,
  discordRouter,
  ERROR_CODES,
  type HttpException,
  requiresGuild,
  requiresScopes,
  type Token,
} from "../../src/index.js";
import type { Browser, DiscordSimulator, Fault } from "../../src/testing/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator, type TestApp } from "../support/app.js";
import { listenTo } from "../support/channels.js";
import { movableClock } from "../support/clock.js";
import { beginLogin, loginCookies, openLogin, withQuery } from "../support/login.js";
import { isRecord, WatchedStore } from "../support/watched-store.js";

const SEALING_SECRET = "the secret that seals, which nobody may see";
const GUILD_ID = "80351110224678912";
const SCOPES = ["identify", "email", "guilds", "guilds.join", "guilds.members.read", "connections"];
const SHORTEST_SECRET = 8;

/** Everything that the library passed to the app, by kind. */
type Seen = [what: string, thing: unknown][];

type Action = (discord: DiscordOAuth2Session, req: Request, res: Response) => unknown;

/** What an app does for a visitor, and what it receives. */
const ACTIONS: Readonly<Record<string, Action>> = {
  user: (discord, req) => discord.fetchUser(req, { fresh: true }),
  guilds: (discord, req) => discord.fetchGuilds(req, { fresh: true }),
  connections: (discord, req) => discord.fetchConnections(req),
  member: (discord, req) => discord.fetchMember(req, GUILD_ID),
  authorization: (discord, req) => discord.fetchAuthorization(req, { fresh: true }),
  scopes: (discord, req) => discord.grantedScopes(req),
  authorized: (discord, req) => discord.isAuthorized(req),
  join: (discord, req) => discord.addToGuild(req, GUILD_ID),
  joinNowhere: (discord, req) => discord.addToGuild(req, "nowhere"),
  roleConnection: (discord, req) => discord.fetchRoleConnection(req),
  bot: (discord) => discord.fetchBot(),
  message: (discord) => discord.botRequest(`/channels/${GUILD_ID}/messages`, { method: "POST", json: {} }),
  any: (discord, req) => discord.request(req, "/applications/@me"),
  outside: (discord, req) => discord.request(req, "/../../oauth2/token"),
  ownHeader: (discord, req) => discord.request(req, "/users/@me", { headers: { Authorization: "x" } }),
  owner: async (discord) => void (await discord.clientCredentials()),
  logout: (discord, req) => discord.revoke(req),
  logoutEverywhere: (discord, req) => discord.revoke(req, { everywhere: true }),
  session: (_discord, req) => req.session.discord,
};

describe.each(LATEST_EXPRESS)("secrets on %s", (_name, createApp) => {
  it("no secret is in an error, an object passed to the app, a log or a warning", {
    timeout: 60_000,
  }, async () => {
    const logged = listenToLogs();
    const clock = movableClock();
    const simulator = await startSimulator();
    const store = new WatchedStore();
    const seen: Seen = [];
    const tokens: (Token | undefined)[] = [];
    const heard = { requests: listenTo("request"), refreshes: listenTo("refresh") };
    const app = await startApp(createApp, simulator, {
      discord: { scopes: SCOPES, secret: SEALING_SECRET, timeoutMs: 200 },
      session: { store },
      login: (req) => ({ data: req.query["data"], returnTo: req.query["returnTo"]?.toString() }),
      routes: (to, discord) => {
        to.get(
          "/do/:action",
          forward(async (req, res) => {
            const { action = "" } = req.params as { action?: string };
            tokens.push(await discord.getAuthorizationToken(req).catch(() => undefined));
            try {
              seen.push([action, await ACTIONS[action]?.(discord, req, res)]);
            } finally {
              tokens.push(await discord.getAuthorizationToken(req).catch(() => undefined));
            }
            res.end();
          }),
        );
        to.get("/guarded/scopes", requiresScopes("guilds", "role_connections.write"));
        to.get("/guarded/guild", requiresGuild("1"));
        to.use("/auth", discordRouter());
      },
    });
    const user = simulator.addUser();
    simulator.addMember(simulator.addGuild({ id: GUILD_ID }), user);
    simulator.addConnection(user);
    const browser = app.browser();

    async function act(...actions: string[]): Promise<void> {
      for (const action of actions) await browser.get(`/do/${action}`);
    }
    async function actUnder(fault: Fault, ...actions: string[]): Promise<void> {
      const clear = simulator.fail(fault);
      await act(...actions);
      clear();
    }

    await refuseCallbacks(app, simulator, browser, (ms) => clock.advance(ms));
    await failExchanges(simulator, app);
    clock.advance(1000);

    seen.push(["login", (await browser.signIn("/login?data=x", { user })).json()]);
    await act(...Object.keys(ACTIONS).filter((action) => !action.startsWith("logout")));
    await browser.get("/guarded/scopes");
    await browser.get("/guarded/guild");
    await browser.post("/auth/logout", { headers: { "Sec-Fetch-Site": "cross-site" } });

    for (const discordCode of [0, 30001, 40007, 50025]) {
      await actUnder(echo("PUT /guilds/:id/members/:id", 403, discordCode), "join");
      // A refusal is remembered for a minute.
      clock.advance(61_000);
    }
    for (const status of [400, 403, 404, 429]) {
      const everywhere = { ...echo(undefined, status), times: 100 };
      await actUnder(everywhere, "user", "connections", "any", "join", "message", "bot");
      clock.advance(61_000);
    }
    for (const fault of brokenAnswers("GET /users/@me")) await actUnder({ ...fault, times: 2 }, "user");
    for (const fault of brokenAnswers("PUT /guilds/:id/members/:id")) await actUnder(fault, "join");

    simulator.expireAccessTokens();
    clock.advance(700_000_000);
    simulator.clock.advance(700_000_000);
    for (const fault of brokenAnswers("POST /oauth2/token")) await actUnder(fault, "user");
    clock.advance(1000);
    for (const error of ["invalid_client", "invalid_scope", "server_error"]) {
      await actUnder(echo("POST /oauth2/token", 400, 0, error), "user", "owner");
    }
    store.fails = isRecord;
    await act("user", "logout");
    store.fails = () => false;
    await act("user");
    await actUnder(echo("POST /oauth2/token/revoke", 400, 0, "invalid_request"), "logoutEverywhere");
    await act("user", "logout", "logoutEverywhere");

    await browser.signIn("/login", { user });
    simulator.removeAuthorization(user);
    await actUnder(echo("GET /users/@me", 401), "user", "guilds");
    await act("session");

    const posted = { method: "POST", headers: { "content-type": "application/json" }, session: {} };
    await app.discord
      .signInWithCode(posted as never, { code: `a code with ${SEALING_SECRET}` })
      .catch((error: unknown) => app.errors.push(error));
    await misconfigure(createApp, simulator, app.errors);
    await useOutsideOfRequests(app.discord, simulator, seen, tokens);
    seen.push(
      ["instance", app.discord],
      ["cache", app.discord.usersCache],
      ["settings", app.app.get("discord")],
    );
    expect(heard.requests.length).toBeGreaterThan(50);
    expect(heard.refreshes.length).toBeGreaterThan(10);
    seen.push(["store", await everythingIn(store)], ["logs", logged], ["channels", heard]);
    seen.push(
      ...app.errors.map((error): [string, unknown] => [`error ${(error as HttpException).code}`, error]),
    );

    const secrets = secretsOf(simulator, tokens);
    expect(secrets.size).toBeGreaterThan(30);
    for (const [what, thing] of seen) {
      for (const text of textsOf(thing)) {
        for (const secret of secrets) {
          if (text.includes(secret)) expect.fail(`${what} tells ${secret}: ${text.slice(0, 2000)}`);
        }
      }
    }
    expect(EXPECTED_CODES.filter((code) => !codesOf(app.errors).includes(code))).toEqual([]);
    expect(codesOf(app.errors)).toEqual(expect.arrayContaining(EXPECTED_CODES));
  });
});

/** All but those that have nothing to do with secrets. */
const EXPECTED_CODES = ERROR_CODES.filter(
  (code) =>
    ![
      "account_mismatch",
      "body_aborted",
      "body_parsed",
      "body_too_large",
      "login_loop",
      "signature_invalid",
      "too_many_guilds",
    ].includes(code),
);

/** Echoes everything in the request. */
function echo(route: string | undefined, status: number, code = 0, error = "invalid_grant"): Fault {
  const body: Record<string, unknown> = {};
  return {
    kind: "status",
    ...(route !== undefined && { route }),
    status,
    body,
    when: ({ form, json, headers, query }) => {
      const all = JSON.stringify({ form, json, headers, query });
      Object.assign(body, { code, error, message: all, error_description: all, errors: { [all]: [all] } });
      return true;
    },
  };
}

function brokenAnswers(route: string): Fault[] {
  return [
    { route, kind: "reset" },
    { route, kind: "hang" },
    { route, kind: "truncated" },
    { route, kind: "invalid-json" },
    { route, kind: "html" },
    { route, kind: "huge-body", bytes: 9 * 1024 * 1024 },
    { route, kind: "status", status: 500 },
    { route, kind: "status", status: 302, headers: { Location: "https://evil.example" } },
    { route, kind: "rate-limited", retryAfter: 0.01, times: 10 },
  ];
}

async function refuseCallbacks(
  app: TestApp,
  simulator: DiscordSimulator,
  browser: Browser,
  advance: (ms: number) => void,
): Promise<void> {
  const user = simulator.addUser();
  const { callbackUrl } = await openLogin(browser, simulator, user);
  await app.browser().get(callbackUrl);
  await browser.get(`${callbackUrl}&code=another`);
  await browser.get(withQuery(callbackUrl, { iss: "https://evil.example" }));
  await browser.post(callbackUrl);
  await browser.get("/login?returnTo=//evil.example");
  await browser.get(`/login?data=${"x".repeat(5000)}`);
  await browser.get(withQuery(callbackUrl, { code: undefined, error: "server_error" }));
  await browser.get(await simulator.cancel(await beginLogin(browser), { user }));
  await browser.get("/me");

  const late = await openLogin(browser, simulator, user);
  advance(600_000);
  await browser.get(late.callbackUrl);
  browser.cookies.clear();
  const changed = await openLogin(browser, simulator, user);
  const [name = ""] = loginCookies(browser);
  browser.cookies.set(name, `${browser.cookies.get(name)}AAAA`);
  await browser.get(changed.callbackUrl);
  browser.cookies.clear();
}

async function failExchanges(simulator: DiscordSimulator, app: TestApp): Promise<void> {
  const route = "POST /oauth2/token";
  const refusals = ["invalid_grant", "invalid_client", "invalid_request"].map((error) =>
    echo(route, 400, 0, error),
  );
  for (const fault of [...refusals, ...brokenAnswers(route)]) {
    const clear = simulator.fail(fault);
    await app.browser().signIn("/login", { user: simulator.addUser() });
    clear();
  }
}

/** Apps with a mistake in their setup. */
async function misconfigure(
  createApp: Parameters<typeof startApp>[0],
  simulator: DiscordSimulator,
  errors: unknown[],
): Promise<void> {
  const user = simulator.addUser();
  const { clientSecret, botToken } = simulator.options;
  const mistakes = { clientId: clientSecret, clientSecret: ` ${clientSecret}`, botToken: ` ${botToken}` };
  await startApp(createApp, simulator, {
    discord: { ...mistakes, secret: SEALING_SECRET.slice(0, 20) },
  }).catch((error) => errors.push(error));
  const lock = async () => {
    throw new Error("The lock is out of order.");
  };
  const apps = [
    await startApp(createApp, simulator, { discord: { lock } }),
    await startApp(createApp, simulator, { discord: { clientSecret: `${clientSecret}-wrong` } }),
    await startApp(createApp, simulator, { sessionMiddleware: (_req, _res, next) => next() }),
  ];
  for (const app of apps) {
    // Without a session, the login does not even start.
    await app
      .browser()
      .signIn("/login", { user })
      .catch(() => undefined);
    errors.push(...app.errors);
  }
  const withoutBot = await startApp(createApp, simulator, { discord: { botToken: "" } });
  const withWrongBot = await startApp(createApp, simulator, { discord: { botToken: `${botToken}-wrong` } });
  const uninitialised = await startApp(createApp, simulator, {
    create: (_app, options) => new (withoutBot.discord.constructor as typeof DiscordOAuth2Session)(options),
  });
  for (const { discord } of [withoutBot, withWrongBot, uninitialised]) {
    await discord.fetchBot().catch((error: unknown) => errors.push(error));
  }
}

/** Sessions of users whose tokens the app stores itself. */
async function useOutsideOfRequests(
  discord: DiscordOAuth2Session,
  simulator: DiscordSimulator,
  seen: Seen,
  tokens: (Token | undefined)[],
): Promise<void> {
  const issue = () => simulator.issueToken(simulator.addUser(), ["identify"]);
  const { access_token: accessToken, refresh_token: refreshToken } = issue();
  const held = discord.sessionFromToken(
    { accessToken, refreshToken, scopes: ["identify"], expiresAt: Date.now() },
    (token) => void tokens.push(token),
  );
  const bearer = await discord.sessionFromAccessToken(issue().access_token);
  seen.push(["held session", held], ["bearer session", bearer]);
  for (const session of [held, bearer]) {
    seen.push(["user", await session.fetchUser().catch((error: unknown) => error)]);
    seen.push(["no guilds", await session.fetchGuilds().catch((error: unknown) => error)]);
  }
  const refused = await discord
    .sessionFromAccessToken("made-up-by-a-client")
    .catch((error: unknown) => error);
  seen.push(["refused bearer", refused]);
}

function listenToLogs(): unknown[] {
  const logged: unknown[] = [];
  const keep = (...given: unknown[]) => void logged.push(given);
  for (const method of ["debug", "error", "info", "log", "trace", "warn"] as const) {
    vi.spyOn(console, method).mockImplementation(keep);
  }
  process.on("warning", keep);
  onTestFinished(() => {
    process.off("warning", keep);
    vi.restoreAllMocks();
  });
  return logged;
}

function everythingIn(store: WatchedStore): Promise<unknown> {
  return new Promise((resolve, reject) => {
    store.all((error, sessions) => (error ? reject(error) : resolve(sessions)));
  });
}

/** Every secret in the requests that Discord has received, and in the tokens that the app was given. */
function secretsOf(simulator: DiscordSimulator, tokens: readonly (Token | undefined)[]): Set<string> {
  const { clientSecret, botToken } = simulator.options;
  const secrets = [clientSecret, botToken, SEALING_SECRET];
  for (const token of tokens) secrets.push(token?.accessToken ?? "", token?.refreshToken ?? "");
  for (const { form, json, headers, token } of simulator.requests) {
    secrets.push(...["code", "code_verifier", "refresh_token", "token"].map((name) => form?.[name] ?? ""));
    secrets.push(token ?? "", headers.authorization?.split(" ")[1] ?? "");
    secrets.push((json as { access_token?: string } | undefined)?.access_token ?? "");
  }
  return new Set(secrets.filter((secret) => secret.length >= SHORTEST_SECRET));
}

function textsOf(thing: unknown): string[] {
  return [
    inspect(thing, { depth: 10 }),
    inspect(thing, { depth: 10, showHidden: true }),
    JSON.stringify(thing) ?? "",
    thing instanceof Error ? `${thing.message} ${thing.stack}` : "",
  ];
}

function codesOf(errors: readonly unknown[]): string[] {
  return errors.map((error) => (error as HttpException).code);
}
