import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Application, type RequestHandler, Router } from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type Guard,
  Permissions,
  requiresAuthorization,
  requiresGuild,
  requiresScopes,
} from "../../src/index.js";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";
import { compileSnippets } from "../support/snippets.js";

const GUILD = "80351110224678912";

type Misspelt = (id: unknown, requirements?: unknown) => Guard;
const guildGuard = requiresGuild as Misspelt;
const guardWith = requiresAuthorization.with as (options?: unknown) => Guard;
const scopesGuard = requiresScopes as (...scopes: unknown[]) => Guard;

function messageOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message;
  }
  throw new Error("Nothing was thrown.");
}

describe("requiresGuild", () => {
  it.each<[requirements: unknown, message: string]>([
    [{ permission: "ADMINISTRATOR" }, "There is no option permission: did you mean permissions?"],
    [{ Permissions: "ADMINISTRATOR" }, "There is no option Permissions: did you mean permissions?"],
    [{ role: ["1"] }, "There is no option role: did you mean roles?"],
    [{ isOwner: true }, "There is no option isOwner: did you mean owner?"],
    [{ maxAge: 0 }, "There is no option maxAge: did you mean maxAgeMs?"],
    [
      { owner: true, admins: true },
      "There is no option admins. The options are permissions, owner, roles, maxAgeMs, as.",
    ],
    [JSON.parse('{"__proto__": true}'), "There is no option __proto__."],
    [{ constructor: true }, "There is no option constructor."],
    [{ "a\n\u202eb": 1 }, 'There is no option "a\\n\\u202eb".'],
    [
      "ADMINISTRATOR",
      'The options must be an object such as { permissions: "MANAGE_GUILD" }, not "ADMINISTRATOR".',
    ],
    [["MANAGE_GUILD"], 'not ["MANAGE_GUILD"].'],
    [32n, "not 32n."],
    [null, "not null."],
    [undefined, "not undefined."],
    [Promise.resolve({ owner: true }), "not a promise."],
    [new Map([["owner", true]]), "not an object."],
    [{}, "The options are empty: leave them out, or pass"],
    [{ permissions: undefined }, "permissions is undefined, which would require nothing"],
    [{ owner: true, roles: undefined }, "roles is undefined, which would require nothing"],
    [{ maxAgeMs: undefined }, "maxAgeMs is undefined"],
    [{ permissions: [] }, "it contains no permission."],
    [{ permissions: [[], ["0", 0, 0n]] }, "it contains no permission."],
    [{ permissions: 0n }, "it contains no permission."],
    [{ permissions: Permissions.none }, "it contains no permission."],
    [{ permissions: "ADMINSTRATOR" }, "Did you mean ADMINISTRATOR?"],
    [{ permissions: ["MANAGE_GUILDS"] }, "Did you mean MANAGE_GUILD?"],
    [{ permissions: [undefined] }, "permissions must be names such as"],
    [{ permissions: null }, "permissions must be names such as"],
    [{ owner: "true" }, 'owner must be true or false, not "true".'],
    [{ owner: null }, "owner must be true or false, not null."],
    [{ roles: [] }, "roles must be a list of ids"],
    [{ roles: "1200000000000000001" }, 'roles must be a list of ids such as ["80351110224678912"], not "12'],
    [{ roles: ["Admin"] }, 'not ["Admin"].'],
    [{ roles: [1200000000000000000] }, "roles must be a list of ids"],
    [{ maxAgeMs: -1 }, "maxAgeMs must be a number of milliseconds, 0 or more, not -1."],
    [{ maxAgeMs: "0" }, 'maxAgeMs must be a number of milliseconds, 0 or more, not "0".'],
    [{ maxAgeMs: Number.NaN }, "not NaN."],
    [{ maxAgeMs: null }, "not null."],
  ])("requiresGuild throws for the requirements %o", (requirements, message) => {
    const thrown = messageOf(() => guildGuard(GUILD, requirements));
    expect(thrown).toMatch(/^requiresGuild: /);
    expect(thrown).toContain(message);
  });

  it("requiresGuild names all mistakes at once", () => {
    const thrown = messageOf(() => guildGuard(GUILD, { permission: 8, roles: [] }));
    expect(thrown).toContain("did you mean permissions?");
    expect(thrown).toContain("roles must be");
  });

  it.each([undefined, null, "", "my guild", 80351110224678912, [GUILD]])(
    "requiresGuild throws for %o as the guild",
    (id) => {
      expect(messageOf(() => guildGuard(id))).toMatch(
        /^requiresGuild: the first argument must be a guild's id as a string/,
      );
    },
  );

  it("requiresGuild does not ignore requirements after the first object", () => {
    const twoObjects = requiresGuild as (...args: unknown[]) => Guard;
    expect(messageOf(() => twoObjects(GUILD, { maxAgeMs: 1000 }, { owner: true }))).toMatch(
      /^requiresGuild: pass all requirements as one object/,
    );
  });

  it("requiresGuild reads its list of roles when it is called", async () => {
    const roles = ["1200000000000000001"];
    const guard = requiresGuild(GUILD, { roles });
    roles.length = 0;
    expect(guard.name).toBe("requiresGuild");
    expect(messageOf(() => guildGuard(GUILD, { roles }))).toContain("roles");
  });
});

describe("requiresAuthorization.with", () => {
  it.each<[options: unknown, message: string]>([
    [undefined, "The options must be an object such as { maxAgeMs: 60_000 }, not undefined."],
    [{}, "maxAgeMs is missing. It must be a number of milliseconds"],
    [{ maxAge: 0 }, "There is no option maxAge: did you mean maxAgeMs?"],
    [{ maxAgeMs: 0, fresh: true }, "There is no option fresh."],
    [{ maxAgeMs: undefined }, "maxAgeMs is undefined"],
    [{ maxAgeMs: "60000" }, "maxAgeMs must be a number of milliseconds, 0 or more"],
    [{ maxAgeMs: -1 }, "not -1."],
    [{ maxAgeMs: Number.NaN }, "not NaN."],
    [60_000, "not 60000."],
  ])("requiresAuthorization.with throws for the options %o", (options, message) => {
    const thrown = messageOf(() => guardWith(options));
    expect(thrown).toMatch(/^requiresAuthorization\.with: /);
    expect(thrown).toContain(message);
  });
});

describe("requiresScopes", () => {
  it.each<[scopes: readonly unknown[], message: string]>([
    [[], "pass at least one scope"],
    [[["guilds"]], "pass the scopes as separate arguments, not as a list"],
    [[["identify"], ["guilds"]], "not as a list"],
    [["identify", "guild"], "Discord has no scope guild: did you mean guilds?"],
    [["identify guilds"], 'a scope must be a string such as "guilds", not "identify guilds".'],
    [["identify,guilds"], 'a scope must be a string such as "guilds", not "identify,guilds".'],
    [["identify", ""], 'not "".'],
    [["identify", undefined], "not undefined."],
    [[{ scopes: ["guilds"] }], "not an object."],
  ])("requiresScopes throws for the scopes %o", (scopes, message) => {
    const thrown = messageOf(() => scopesGuard(...scopes));
    expect(thrown).toMatch(/^requiresScopes: /);
    expect(thrown).toContain(message);
  });
});

describe("the types of guards", () => {
  const PRELUDE = `import { type GuildRequirements, requiresAuthorization, requiresGuild, requiresScopes } from "express-discord";
declare const maybe: string[] | undefined; declare const fromElsewhere: GuildRequirements;
void [maybe, fromElsewhere, requiresAuthorization, requiresGuild, requiresScopes];\n`;
  const REFUSED = [
    'requiresGuild("1", { permissions: undefined });',
    'requiresGuild("1", { owner: true, roles: maybe });',
    'requiresGuild("1", undefined);',
    'requiresGuild("1", { permission: "ADMINISTRATOR" });',
    'requiresGuild("1", { owner: true, role: ["1"] });',
    'requiresGuild("1", { permissions: "MANAGE_SERVER" });',
    'requiresGuild("1", { owner: "yes" });',
    "requiresGuild();",
    "requiresAuthorization.with({ maxAgeMs: undefined });",
    "requiresAuthorization.with({});",
    "requiresAuthorization.with();",
    'requiresScopes(["guilds"]);',
  ];
  const TAKEN = [
    'requiresGuild("1");',
    'requiresGuild("1", { permissions: "MANAGE_GUILD" });',
    'requiresGuild("1", { permissions: ["MANAGE_GUILD", 8n, ["kick_members"]], owner: true, maxAgeMs: 0 });',
    'requiresGuild((req) => req.params["id"], { roles: ["1"] });',
    'requiresGuild("1", fromElsewhere);',
    'requiresGuild("1", maybe ? { roles: maybe } : { owner: true });',
    'requiresScopes("identify", "guilds");',
  ];
  const snippets = [...REFUSED, ...TAKEN].map((code, index) => ({
    file: "guard-types.ts",
    line: index * 10,
    code: PRELUDE + code,
  }));

  it.each([
    ["as strict as can be", {}],
    ["without exactOptionalPropertyTypes", { exactOptionalPropertyTypes: false }],
  ])("the compiler refuses guards that would require nothing, %s", (_how, overrides) => {
    const complaints = compileSnippets(snippets, overrides);
    const faulty = snippets.filter((snippet) => complaints.get(snippet)?.length).map(({ code }) => code);
    expect(faulty).toEqual(REFUSED.map((code) => PRELUDE + code));
  });

  it("the compiler accepts correct guards in an app without strict", () => {
    const complaints = compileSnippets(snippets, { strict: false, exactOptionalPropertyTypes: false });
    const right = snippets.slice(REFUSED.length);
    expect(right.flatMap((snippet) => complaints.get(snippet))).toEqual([]);
  });
});

describe.each(EXPRESS)("misused guards on %s", (_name, createApp) => {
  async function messageAt(routes: (app: Application) => void): Promise<string> {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { routes });
    expect((await app.browser().get("/guarded")).status).toBe(500);
    return (app.errors.at(-1) as Error).message;
  }
  const handler: RequestHandler = (_req, res) => void res.send("in");

  it("an error says that a guard was called instead of passed", async () => {
    const called = requiresAuthorization as unknown as (options?: unknown) => RequestHandler;
    for (const options of [undefined, { maxAgeMs: 0 }]) {
      expect(messageOf(() => called(options))).toContain("pass it to Express without calling it");
      expect(messageOf(() => called(options))).toContain("requiresAuthorization.with({ maxAgeMs })");
    }
    const scopes = requiresScopes("guilds") as unknown as () => RequestHandler;
    expect(messageOf(() => scopes())).toContain("requiresScopes(...) returns a middleware");
  });

  it.each([
    ["requiresScopes", requiresScopes],
    ["requiresGuild", requiresGuild],
    ["requiresAuthorization.with", requiresAuthorization.with],
  ])("an error says that %s was passed without being called", async (name, factory) => {
    const message = await messageAt((app) =>
      app.get("/guarded", factory as unknown as RequestHandler, handler),
    );
    expect(message).toBe(
      `${name} was passed to Express without being called: write ${name}(...) instead of ${name}.`,
    );
  });

  it("an error says that the app setting discord is not an instance", async () => {
    const message = await messageAt((app) => {
      const inner = createApp();
      inner.set("discord", { login: () => undefined });
      inner.get("/guarded", requiresAuthorization, handler);
      app.use(inner);
    });
    expect(message).toMatch(/^This app has no DiscordOAuth2Session: /);
  });

  it("an error points to mergeParams when a nested router does not see the guild's id", async () => {
    const simulator = await startSimulator();
    const inner = Router().get(
      "/settings",
      requiresGuild((req) => req.params["guildId"]),
      handler,
    );
    const app = await startApp(createApp, simulator, { routes: (to) => to.use("/servers/:guildId", inner) });
    expect((await app.browser().get(`/servers/${GUILD}/settings`)).status).toBe(403);
    expect((app.errors.at(-1) as Error).message).toContain("Router({ mergeParams: true })");
  });

  it("a guard works in a router", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to) => to.use(Router().get("/guarded", requiresAuthorization, handler)),
    });
    expect((await app.browser().get("/guarded")).status).toBe(401);
  });
});

it("a guard outside of Express points to isAuthorized", async () => {
  const server = createServer((req, res) => {
    requiresAuthorization(req, res, (error) => {
      const { message, code } = error as { message: string; code: string };
      res.end(`${code}: ${message}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);

  expect(await answer.text()).toMatch(/^init_missing: .*await discord\.isAuthorized\(req\)\.$/);
});
