import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import express, { type Request, type RequestHandler, type Response, Router } from "express";
import { describe, expect, it } from "vitest";
import {
  DiscordOAuth2Session,
  discordRouter,
  Guild,
  Permissions,
  redirectUnauthorized,
  Unauthorized,
  User,
  webhookEvents,
} from "../../src/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { startSignedIn } from "../support/signed-in.js";

const ID = "80351110224678912";
const PUBLIC_KEY = "ab".repeat(32);
const TOKEN = { accessToken: "secret-token", scopes: ["identify"], expiresAt: 1 };
const SCOPES = [
  "identify",
  "guilds",
  "connections",
  "guilds.members.read",
  "guilds.join",
  "role_connections.write",
];

const user = User.from({ id: ID, username: "mira" });
const guild = Guild.from({ id: ID, name: "Garden", permissions: "0" });

/** A call with arguments that TypeScript would refuse. */
type Misuse = (discord: DiscordOAuth2Session, req: Request, res: Response, options: never) => unknown;

/** Every options object of the package, a misspelt option, and the name that was meant. */
const OPTIONS: readonly (readonly [what: string, misuse: Misuse, misspelt: string, meant: string])[] = [
  [
    "createSession",
    (discord, req, res, options) => discord.createSession(req, res, options),
    "return_to",
    "returnTo",
  ],
  [
    "authorizationUrl",
    (discord, req, res, options) => discord.authorizationUrl(req, res, options),
    "scope",
    "scopes",
  ],
  ["revoke", (discord, req, _res, options) => discord.revoke(req, options), "everwhere", "everywhere"],
  ["fetchUser", (discord, req, _res, options) => discord.fetchUser(req, options), "maxAge", "maxAgeMs"],
  ["fetchGuilds", (discord, req, _res, options) => discord.fetchGuilds(req, options), "isFresh", "fresh"],
  [
    "fetchConnections",
    (discord, req, _res, options) => discord.fetchConnections(req, options),
    "Fresh",
    "fresh",
  ],
  [
    "fetchMember",
    (discord, req, _res, options) => discord.fetchMember(req, ID, options),
    "maxage",
    "maxAgeMs",
  ],
  [
    "fetchAuthorization",
    (discord, req, _res, options) => discord.fetchAuthorization(req, options),
    "maxAgeMS",
    "maxAgeMs",
  ],
  ["addToGuild", (discord, req, _res, options) => discord.addToGuild(req, ID, options), "role", "roles"],
  ["request", (discord, req, _res, options) => discord.request(req, "/users/@me", options), "data", "json"],
  [
    "botRequest",
    (discord, _req, _res, options) => discord.botRequest("/users/@me", options),
    "header",
    "headers",
  ],
  [
    "updateRoleConnection",
    (discord, req, _res, options) => discord.updateRoleConnection(req, options),
    "platform_name",
    "platformName",
  ],
  [
    "a held token's fetch",
    (discord, _req, _res, options) => discord.sessionFromToken(TOKEN).fetchUser(options),
    "max_age_ms",
    "maxAgeMs",
  ],
  ["discordRouter", (_discord, _req, _res, options) => discordRouter(options), "afterlogin", "afterLogin"],
  [
    "discordRouter",
    (_discord, _req, _res, options) => discordRouter(options),
    "successRedirect",
    "afterLogin",
  ],
  [
    "discordRouter",
    (_discord, _req, _res, options) => discordRouter(options),
    "failureRedirect",
    "afterCancel",
  ],
  ["webhookEvents", (_discord, _req, _res, options) => webhookEvents(options), "publickey", "publicKey"],
  [
    "new DiscordOAuth2Session",
    (_discord, _req, _res, options) => new DiscordOAuth2Session(express(), options),
    "clientID",
    "clientId",
  ],
  [
    "its cache",
    (_discord, _req, _res, options) => new DiscordOAuth2Session(express(), { cache: options }),
    "ttl",
    "cache.ttlMs",
  ],
  [
    "Permissions.has",
    (_discord, _req, _res, options) => Permissions.none.has("CONNECT", options),
    "exactly",
    "exact",
  ],
  ["avatarUrlWith", (_discord, _req, _res, options) => user.avatarUrlWith(options), "sizes", "size"],
  [
    "avatarDecorationUrlWith",
    (_discord, _req, _res, options) => user.avatarDecorationUrlWith(options),
    "Size",
    "size",
  ],
  ["iconUrlWith", (_discord, _req, _res, options) => guild.iconUrlWith(options), "animate", "animated"],
];

describe.each(LATEST_EXPRESS)("misused calls on %s", (_name, createApp) => {
  async function start() {
    let attempt: (req: Request, res: Response) => unknown = () => undefined;
    const story = await startSignedIn(createApp, {
      scopes: SCOPES,
      routes(app) {
        app.get(
          "/try",
          forward(async (req, res) => void res.json((await attempt(req, res)) ?? null)),
        );
      },
    });
    async function messageOf(next: typeof attempt): Promise<string> {
      attempt = next;
      expect((await story.browser.get("/try")).status).toBe(500);
      const error = story.app.errors.at(-1);
      expect(error).toBeInstanceOf(TypeError);
      return (error as TypeError).message;
    }
    return { ...story, messageOf };
  }

  it("an error about an unknown option names the intended one, and the call does nothing", async () => {
    const { simulator, app, messageOf } = await start();
    for (const [what, misuse, misspelt, meant] of OPTIONS) {
      const options = { [misspelt]: "x" } as never;
      const message = await messageOf((req, res) => misuse(app.discord, req, res, options));
      expect(message, what).toMatch(
        new RegExp(`There is no option (?:cache\\.)?${misspelt}: did you mean ${meant}\\?`),
      );
    }
    expect(simulator.requests).toEqual([]);
  });

  it("an error about options that are not an object describes them, and the call does nothing", async () => {
    const { simulator, app, messageOf } = await start();
    for (const [what, misuse] of OPTIONS) {
      for (const options of ["x", 5, true, ["x"], new Map(), Promise.resolve({}), () => ({})]) {
        const message = await messageOf((req, res) => misuse(app.discord, req, res, options as never));
        expect(message, `${what} ${String(options)}`).toMatch(/must be an object such as \{ /);
      }
    }
    expect(simulator.requests).toEqual([]);
  });

  it("a call ignores undefined options and undefined values in them", async () => {
    const { app, browser, user: visitor } = await start();
    const { discord } = app;
    expect((await browser.get("/user")).json<{ id: string }>().id).toBe(visitor.id);
    const router: RequestHandler = discordRouter({ afterLogin: undefined, scopes: undefined });
    expect([router.name, webhookEvents({ publicKey: PUBLIC_KEY, onEvent: undefined }).name]).toEqual([
      "discordRouter",
      "webhookEvents",
    ]);
    expect(new DiscordOAuth2Session(undefined)).toBeInstanceOf(DiscordOAuth2Session);
    expect(discord.sessionFromToken({ ...TOKEN, refreshToken: undefined })).toBeDefined();
  });

  it.each<[what: string, misuse: Misuse, message: string]>([
    [
      "fetchUser",
      (discord, req) => discord.fetchUser(req, { maxAgeMs: "5" } as never),
      'A fetch: maxAgeMs must be a number of milliseconds, 0 or more, not "5".',
    ],
    [
      "fetchUser",
      (discord, req) => discord.fetchUser(req, { fresh: "yes" } as never),
      'A fetch: fresh must be true or false, not "yes".',
    ],
    [
      "revoke",
      (discord, req) => discord.revoke(req, { everywhere: 1 } as never),
      "revoke: everywhere must be true or false, not 1.",
    ],
    [
      "addToGuild",
      (discord, req) => discord.addToGuild(req, ID, { mute: "no" } as never),
      'addToGuild: mute must be true or false, not "no".',
    ],
    [
      "addToGuild",
      (discord, req) => discord.addToGuild(req, ID, { roles: ID } as never),
      "addToGuild: roles must be a list",
    ],
    [
      "request",
      (discord, req) => discord.request(req, "/users/@me", { query: new URLSearchParams("a=b") } as never),
      "query must be a plain object, not an object.",
    ],
    [
      "request",
      (discord, req) => discord.request(req, "/users/@me", { headers: new Headers({ a: "b" }) } as never),
      "headers must be a plain object",
    ],
    [
      "request",
      (discord, req) => discord.request(req, "/users/@me", { signal: 5000 } as never),
      "signal must be an AbortSignal, not 5000.",
    ],
    [
      "createSession",
      (discord, req, res) => discord.createSession(req, res, { permissions: "ADMINSTRATOR" } as never),
      "Did you mean ADMINISTRATOR?",
    ],
    [
      "createSession",
      (discord, req, res) => discord.createSession(req, res, { params: { nonce: "\ud800" } }),
      "params.nonce must be a string of well-formed Unicode",
    ],
    [
      "createSession",
      (discord, req, res) => discord.createSession(req, res, { params: { "\ud800": "x" } }),
      "must be a string of well-formed Unicode",
    ],
    [
      "createSession",
      (discord, req, res) => discord.createSession(req, res, { params: "a=b" } as never),
      "params must be a plain object",
    ],
    [
      "createSession",
      (discord, req, res) => discord.createSession(req, res, { scopes: ["identity", "guild.members.read"] }),
      'not ["identity", "guild.members.read"]: did you mean identify and guilds.members.read?',
    ],
    [
      "createSession",
      (discord, req, res) => discord.createSession(req, res, { scopes: ["identify,guilds"] }),
      'not ["identify,guilds"]: write each scope as a string of its own.',
    ],
    ...[() => "x", Symbol("x")].map((data): [string, Misuse, string] => [
      "createSession",
      (discord, req, res) => discord.createSession(req, res, { data }),
      "data must be a JSON value.",
    ]),
    [
      "discordRouter",
      () => discordRouter({ scopes: ["identify", "emails"] }),
      'not ["identify", "emails"]: did you mean email?',
    ],
    [
      "updateRoleConnection",
      (discord, req) => discord.updateRoleConnection(req, undefined as never),
      "updateRoleConnection: The options must be an object such as",
    ],
    [
      "updateRoleConnection",
      (discord, req) => discord.updateRoleConnection(req, { platformName: 5 } as never),
      "platformName must be a string of 0 to 50 characters, not 5.",
    ],
    [
      "updateRoleConnection",
      (discord, req) => discord.updateRoleConnection(req, { metadata: "x" } as never),
      "metadata must be a plain object",
    ],
    ...[Number.NaN, Number.POSITIVE_INFINITY, new Date("never"), null, {}, [], 1n, Symbol("x")].map(
      (value) =>
        [
          "updateRoleConnection",
          ((discord, req) =>
            discord.updateRoleConnection(req, { metadata: { wins: value } } as never)) as Misuse,
          "metadata.wins must be a string, a finite number, a boolean or a valid Date",
        ] as [string, Misuse, string],
    ),
    [
      "sessionFromToken",
      (discord) => discord.sessionFromToken(undefined as never),
      "sessionFromToken: The options must be an object such as { accessToken",
    ],
    [
      "sessionFromToken",
      (discord) => discord.sessionFromToken("secret-token" as never),
      "sessionFromToken: ",
    ],
    [
      "sessionFromToken",
      (discord) => discord.sessionFromToken({ accessToken: "secret-token" } as never),
      "scopes is missing.",
    ],
    [
      "sessionFromToken",
      (discord) => discord.sessionFromToken({ ...TOKEN, expiresAt: new Date() } as never),
      "expiresAt must be a number of milliseconds since 1970, not an object: pass its getTime().",
    ],
    [
      "sessionFromToken",
      (discord) => discord.sessionFromToken({ ...TOKEN, scopes: "identify" } as never),
      "scopes must be a list of scopes",
    ],
    [
      "sessionFromToken",
      (discord) => discord.sessionFromToken(TOKEN, {} as never),
      "The callback must be a function, not an object.",
    ],
    [
      "clientCredentials",
      (discord) => discord.clientCredentials("identify" as never),
      "scopes must be a list of scopes",
    ],
    [
      "deauthorize",
      (discord) => discord.deauthorize(ID, "yesterday" as never),
      'The time must be a valid Date, not "yesterday".',
    ],
    [
      "deauthorize",
      (discord) => discord.deauthorize(ID, new Date("never")),
      "The time must be a valid Date, not an invalid one.",
    ],
    [
      "discordRouter",
      () => discordRouter({ loginPath: "login" }),
      'loginPath must be a path such as "/login", or false, not "login".',
    ],
    ...["/login?prompt=none", "/:tenant/login", "/*", "/log in", "/connexion-réussie"].map(
      (loginPath): [string, () => unknown, string] => [
        "discordRouter",
        () => discordRouter({ loginPath }),
        "queries, parameters and wildcards do not work here, and other characters must be percent-encoded.",
      ],
    ),
    ["discordRouter", () => discordRouter({ logoutPath: true } as never), "logoutPath must be"],
    ...["/login", "/Login/"].map((callbackPath): [string, () => unknown, string] => [
      "discordRouter",
      () => discordRouter({ callbackPath }),
      `two of its routes have the path "${callbackPath}"`,
    ]),
    ["discordRouter", () => discordRouter({ onLogin: "greet" } as never), "onLogin must be a function"],
    [
      "discordRouter",
      () => discordRouter({ scopes: "identify" } as never),
      "scopes must be a list of scopes",
    ],
    ["webhookEvents", () => webhookEvents({} as never), "webhookEvents: publicKey is missing."],
    [
      "webhookEvents",
      () => webhookEvents({ publicKey: PUBLIC_KEY, onEvents: () => undefined } as never),
      "did you mean onEvent?",
    ],
    [
      "redirectUnauthorized",
      () => redirectUnauthorized(undefined as never),
      'redirectUnauthorized: the login\'s path must be a path or URL such as "/me", not undefined.',
    ],
    ["redirectUnauthorized", () => redirectUnauthorized({ loginPath: "/login" } as never), "not an object."],
    ["redirectUnauthorized", () => redirectUnauthorized(""), 'not "".'],
    [
      "redirectUnauthorized",
      () => redirectUnauthorized("auth/login"),
      'not "auth/login": begin it with a slash, "/auth/login".',
    ],
    ["redirectUnauthorized", () => redirectUnauthorized("../login"), 'not "../login".'],
    ["discordRouter", () => discordRouter({ afterLogin: "me" }), 'begin it with a slash, "/me".'],
    ["discordRouter", () => discordRouter({ afterCancel: "home" }), 'begin it with a slash, "/home".'],
  ])("an error of %s says what is wrong", async (_what, misuse, message) => {
    const { simulator, app, messageOf } = await start();
    const said = await messageOf((req, res) => misuse(app.discord, req, res, undefined as never));
    expect(said).toContain(message);
    expect(said).not.toContain("secret-token");
    expect(simulator.requests).toEqual([]);
  });

  it.each(["1", "not a user", undefined, 7])(
    "deauthorize(%j) signs the user out, or throws for an invalid id",
    async (id) => {
      const { app } = await start();
      const deauthorize = () => app.discord.deauthorize(id as string);
      if (id === "1") expect(deauthorize).not.toThrow();
      else expect(deauthorize).toThrow(/^userId must be a snowflake/);
    },
  );

  it("a call without the request or the response says what to pass", async () => {
    const { app, messageOf } = await start();
    const { discord } = app;
    const nothing = undefined as never;
    const calls: readonly ((req: never) => unknown)[] = [
      (req) => discord.fetchUser(req),
      (req) => discord.fetchGuilds(req),
      (req) => discord.fetchConnections(req),
      (req) => discord.fetchMember(req, ID),
      (req) => discord.fetchAuthorization(req),
      (req) => discord.addToGuild(req, ID),
      (req) => discord.fetchRoleConnection(req),
      (req) => discord.updateRoleConnection(req, {}),
      (req) => discord.deleteRoleConnection(req),
      (req) => discord.request(req, "/users/@me"),
      (req) => discord.createSession(req, nothing),
      (req) => discord.authorizationUrl(req, nothing),
      (req) => discord.callback(req, nothing),
      (req) => discord.revoke(req),
      (req) => discord.isAuthorized(req),
      (req) => discord.userId(req),
      (req) => discord.grantedScopes(req),
      (req) => discord.isLoginLoop(req),
      (req) => discord.getAuthorizationToken(req),
      (req) => discord.saveAuthorizationToken(req, undefined),
    ];
    for (const call of calls) {
      // Contexts of tRPC and Apollo may also have a session.
      for (const given of [undefined, null, "1", {}, { session: {} }])
        expect(await messageOf(() => call(given as never))).toMatch(
          /^The first argument must be the request, as in /,
        );
      expect(await messageOf((_req, res) => call(res as never))).toContain("not the response.");
    }
    for (const call of [
      (req: IncomingMessage, res: ServerResponse) => discord.createSession(req, res),
      (req: IncomingMessage, res: ServerResponse) => discord.authorizationUrl(req, res),
      (req: IncomingMessage, res: ServerResponse) => discord.callback(req, res),
    ]) {
      for (const given of [undefined, {}, () => undefined])
        expect(await messageOf((req) => call(req, given as never))).toMatch(
          /^The second argument must be the response/,
        );
      expect(await messageOf((req) => call(req, req as never))).toContain("not the request.");
    }
  });

  it("a method that is passed on without its instance says how to call it", async () => {
    const { app, messageOf } = await start();
    const { discord } = app;
    const names = Object.getOwnPropertyNames(
      DiscordOAuth2Session.prototype,
    ) as (keyof DiscordOAuth2Session)[];
    const methods = names.filter(
      (name) => typeof discord[name] === "function" && !/constructor|init/.test(name),
    );
    expect(methods).toContain("createSession");
    for (const name of methods) {
      const method = discord[name] as unknown as (...args: unknown[]) => unknown;
      for (const owner of [undefined, process, app.app])
        expect(await messageOf((req, res) => method.call(owner, req, res)), name).toMatch(
          /^A method of DiscordOAuth2Session was called without its instance\. Call it on the instance, as in /,
        );
    }
    const { init } = discord;
    expect(() => init(express())).toThrow(
      /^A method of DiscordOAuth2Session was called without its instance/,
    );
  });

  it("an error says that a Request of the Fetch API is not the request", async () => {
    const { app, messageOf } = await start();
    const request = Object.assign(new globalThis.Request("http://localhost/"), { session: {} }) as never;
    expect(await messageOf(() => app.discord.fetchUser(request))).toBe(
      "The first argument must be the request, as in discord.fetchUser(req), not a Request of the Fetch API: pass the one of Node.js, which has the session.",
    );
  });

  it("an error says that the request or the response was passed as the options", async () => {
    const { app, messageOf } = await start();
    const methods = OPTIONS.filter(([what]) => !/^new|cache|Router|Events/.test(what));
    for (const [what, misuse] of methods) {
      for (const [part, at] of [
        ["request", 0],
        ["response", 1],
      ] as const) {
        const message = await messageOf((...both) => misuse(app.discord, ...both, both[at] as never));
        expect(message, what).toMatch(new RegExp(`must be an object such as \\{ .*\\}, not the ${part}\\.$`));
      }
    }
  });

  it("saveAuthorizationToken refuses what is not a token, and the visitor stays signed in", async () => {
    const { app, browser, messageOf } = await start();
    for (const token of [
      "secret-token",
      5,
      {},
      [],
      { ...TOKEN, id: 7 },
      { ...TOKEN, id: "1", expiresAt: new Date() },
    ]) {
      const message = await messageOf((req) => app.discord.saveAuthorizationToken(req, token as never));
      expect(message).toMatch(/^saveAuthorizationToken: /);
      expect(message).not.toContain("secret-token");
    }
    expect((await browser.get("/authorized")).json()).toBe(true);
  });

  it.each([
    ["discordRouter", discordRouter],
    ["webhookEvents", webhookEvents],
    ["redirectUnauthorized", redirectUnauthorized],
  ])("an error says that %s was passed instead of called", async (name, factory) => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to) => to.use("/mounted", factory as unknown as RequestHandler),
    });
    expect((await app.browser().get("/mounted/login")).status).toBe(500);
    expect((app.errors[0] as Error).message).toBe(
      `${name} was passed to Express without being called: write ${name}(...) instead of ${name}.`,
    );
  });

  it.each([undefined, null, 5, {}, ["token"], { toString: () => "token" }, Symbol("token")])(
    "sessionFromAccessToken(%o) is Unauthorized, since clients send such values",
    async (token) => {
      const { app, simulator } = await start();
      await expect(app.discord.sessionFromAccessToken(token as never)).rejects.toBeInstanceOf(Unauthorized);
      expect(simulator.requests).toEqual([]);
    },
  );
});

describe("the app of an instance", () => {
  const OWN = { clientId: "1", clientSecret: "secret", redirectUri: "http://localhost/callback" };
  const nest = {
    getHttpAdapter: () => ({ getInstance: () => express() }),
    set: () => undefined,
    listen: () => undefined,
  };

  it.each<[what: string, app: unknown, message: string]>([
    ["express", express, "express itself: call it, express()"],
    ["a router", Router(), "a router: pass the app that uses it"],
    ["an HTTP server", createServer(), "an HTTP server: pass the Express app that it serves"],
    ["a Nest app", nest, "pass app.getHttpAdapter().getInstance()"],
    ["undefined", undefined, "not undefined."],
    ["a string", "app", "not a string of 3 characters."],
    ["a promise", Promise.resolve(express()), "not a promise."],
  ])("an error says what to pass instead of %s as the app", (_what, app, message) => {
    const given = app as never;
    for (const make of [
      () => new DiscordOAuth2Session(given, OWN),
      () => new DiscordOAuth2Session(OWN).init(given),
      ...(app === undefined ? [] : [() => new DiscordOAuth2Session(given)]),
    ]) {
      expect(make).toThrow(TypeError);
      expect(make).toThrow(/^The app must be an Express app, as in /);
      expect(make).toThrow(message);
    }
  });

  it("an app that is missing or second is noticed next to options", () => {
    expect(() => new DiscordOAuth2Session(OWN as never, OWN)).toThrow(/^The app must be an Express app/);
    expect(() => new DiscordOAuth2Session(OWN as never, express() as never)).toThrow(
      /^The app must be an Express app/,
    );
    expect(() => new DiscordOAuth2Session(express(), "id" as never)).toThrow(
      "The options must be an object such as { clientId }, not a string of 2 characters.",
    );
  });
});
