import { describe, expect, it } from "vitest";
import type { LoginOptions } from "../../src/index.js";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { beginLogin, lastError } from "../support/login.js";

const GUILD_ID = "80351110224678912";

/** Login options, and the resulting parameters of Discord's page. */
const ASKED: readonly (readonly [LoginOptions, Readonly<Record<string, string | null>>])[] = [
  [{}, { scope: "identify", prompt: "consent", response_type: "code", permissions: null, guild_id: null }],
  [{ scopes: ["identify", "email"] }, { scope: "identify email" }],
  [{ prompt: true }, { prompt: "consent" }],
  [{ prompt: false }, { prompt: "none" }],
  [{ scopes: ["bot"] }, { scope: "bot", permissions: "0" }],
  [{ scopes: ["bot"], permissions: ["KICK_MEMBERS", "BAN_MEMBERS"] }, { permissions: "6" }],
  [{ scopes: ["bot"], permissions: 8 }, { permissions: "8" }],
  [{ scopes: ["bot"], permissions: 1n << 50n }, { permissions: "1125899906842624" }],
  [{ scopes: ["identify"], permissions: 8 }, { permissions: null }],
  [
    { scopes: ["bot"], guildId: GUILD_ID },
    { guild_id: GUILD_ID, disable_guild_select: null },
  ],
  [{ scopes: ["bot"], disableGuildSelect: true }, { disable_guild_select: "true" }],
  [{ scopes: ["bot"], disableGuildSelect: false }, { disable_guild_select: "false" }],
  [{ scopes: ["applications.commands"], integrationType: "guild" }, { integration_type: "0" }],
  [{ scopes: ["applications.commands"], integrationType: "user" }, { integration_type: "1" }],
  [{ params: { channel_id: "1 & 2", constructor: "x" } }, { channel_id: "1 & 2", constructor: "x" }],
  [
    { params: undefined, scopes: undefined, prompt: undefined },
    { scope: "identify", prompt: "consent" },
  ],
];

const INTEGRATION_TYPE = '"guild" or "user"';

/** Invalid login options, and the resulting messages. */
const MISTAKES: readonly (readonly [unknown, string])[] = [
  [{ scope: ["identify"] }, "There is no option scope: did you mean scopes?"],
  [{ scopes: [] }, "scopes must be a list of scopes"],
  [{ scopes: "identify" }, 'scopes must be a list of scopes such as ["identify", "guilds"], not "identify".'],
  [{ scopes: ["identify guilds"] }, "scopes must be a list"],
  [{ scopes: ["identify", 1] }, "scopes must be a list"],
  [{ prompt: "none" }, 'prompt must be true or false, not "none".'],
  [{ incremental: 1 }, "incremental must be true or false, not 1."],
  [{ disableGuildSelect: "yes" }, "disableGuildSelect must be true or false"],
  [{ prompt: false, scopes: ["bot"] }, "prompt: false cannot be combined with"],
  [{ prompt: false, scopes: ["identify", "webhook.incoming"] }, "prompt: false cannot be combined with"],
  [{ scopes: ["bot"], permissions: ["KICK"] }, "KICK"],
  [{ scopes: ["bot"], permissions: -1 }, "-1"],
  [{ scopes: ["bot"], guildId: "abc" }, "guildId must be a snowflake"],
  [{ scopes: ["bot"], guildId: 80351110224678912 }, "guildId must be a snowflake"],
  [{ integrationType: "server" }, `integrationType must be ${INTEGRATION_TYPE}, not "server".`],
  [{ integrationType: "toString" }, `integrationType must be ${INTEGRATION_TYPE}`],
  [{ integrationType: 0 }, `integrationType must be ${INTEGRATION_TYPE}, not 0.`],
  [{ params: { channel_id: 5 } }, "params.channel_id must be a string, not 5."],
  [{ data: 1n }, "data must be a JSON value"],
  ...["client_id", "redirect_uri", "response_type", "state", "code_challenge", "code_challenge_method"].map(
    (name) => [{ params: { [name]: "x" } }, `params must not contain ${name}: use `] as const,
  ),
  [{ params: { scope: "x" } }, "params must not contain scope: use scopes."],
  [{ params: { prompt: "x" } }, "params must not contain prompt: use prompt."],
  [{ params: { permissions: "x" } }, "params must not contain permissions: use permissions."],
  [{ params: { guild_id: "x" } }, "params must not contain guild_id: use guildId."],
  [{ params: { disable_guild_select: "x" } }, "use disableGuildSelect."],
  [{ params: { integration_type: "x" } }, "use integrationType."],
];

/** Values that would lead visitors away from the app's own origin, or split the response's headers. */
const NO_RETURN_TO: readonly unknown[] = [
  "https://evil.example",
  "http:evil.example",
  "//evil.example",
  "///evil.example",
  "/\\evil.example",
  "\\\\evil.example",
  "/%2fevil.example",
  "/%5Cevil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  "/a\r\nSet-Cookie: a=b",
  "/.//evil.example",
  "/..//evil.example",
  "/a/..//evil.example",
  "/./\\evil.example",
  "javascript:alert(1)",
  "data:text/html,x",
  "@evil.example",
  "user:pass@evil.example",
  ".evil.example",
  " /a",
  "/a b",
  "/a\u0000",
  "/a\u007f",
  "/\ud800",
  "relative/path",
  "?a=b",
  "",
  `/${"a".repeat(2000)}`,
  5,
  null,
  ["/a"],
  { toString: () => "/a" },
];

describe.each(LATEST_EXPRESS)("login options on %s", (_name, createApp) => {
  it("the login options decide the parameters of Discord's page", async () => {
    const simulator = await startSimulator();
    let login: LoginOptions = {};
    const app = await startApp(createApp, simulator, { login: () => login });

    for (const [options, wanted] of ASKED) {
      login = options;
      const url = new URL(await beginLogin(app.browser()));
      const asked = Object.fromEntries(Object.keys(wanted).map((name) => [name, url.searchParams.get(name)]));
      expect(asked).toEqual(wanted);
      expect(`${url.origin}${url.pathname}`).toBe(`${simulator.url}/oauth2/authorize`);
      expect(url.searchParams.get("client_id")).toBe(simulator.options.clientId);
      expect(url.searchParams.get("redirect_uri")).toBe(`${app.url}/callback`);
    }
  });

  it("invalid login options are a TypeError, and no login begins", async () => {
    const simulator = await startSimulator();
    let login: unknown;
    const app = await startApp(createApp, simulator, { login: () => login as LoginOptions });

    for (const [options, message] of MISTAKES) {
      login = options;
      const browser = app.browser();
      const answer = await browser.get("/login");
      expect(answer.status, message).toBeGreaterThanOrEqual(400);
      expect(lastError(app)).toBeInstanceOf(TypeError);
      expect(lastError(app)).toMatchObject({ message: expect.stringContaining(message) });
      expect(browser.cookies.list()).toEqual([]);
    }
  });

  it("returnTo accepts only a path of the app", async () => {
    const simulator = await startSimulator();
    let returnTo: unknown;
    const app = await startApp(createApp, simulator, {
      login: () => ({ returnTo: returnTo as string }),
    });

    for (returnTo of NO_RETURN_TO) {
      const browser = app.browser();
      const answer = await browser.get("/login");
      expect(answer.status, JSON.stringify(returnTo)).toBe(400);
      expect(lastError(app)).toBeInstanceOf(TypeError);
      expect(lastError(app)).toMatchObject({ status: 400, code: "invalid_return_to" });
      expect(browser.cookies.list()).toEqual([]);
    }
  });

  it.each(["/", "/a?b=//c&d=https://e.example/", "/a#b", "/ä/%20", "/a//b", "/@user", "/a:b"])(
    "returnTo brings the visitor back to %s",
    async (returnTo) => {
      const simulator = await startSimulator();
      const app = await startApp(createApp, simulator, { login: { returnTo } });

      const answer = await app.browser().signIn("/login", { user: simulator.addUser() });

      expect(answer.json()).toMatchObject({ returnTo });
    },
  );

  it("prompt: false lets Discord skip its page for what was granted before", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { login: { prompt: false } });
    const user = simulator.addUser();

    await app.browser().signIn("/login", { user });
    simulator.clearRequests();
    const answer = await app.browser().signIn("/login", { user });

    expect(answer.json()).toMatchObject({ userId: user.id });
    expect(simulator.requestsTo("POST /oauth2/authorize")).toEqual([]);
  });
});
