import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../src/errors.js";
import { type Import, readSources, type Source } from "../support/sources.js";

/** From the top down: a file imports from lower floors and from its own floor, never from above. */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  "the only door": ["index"],
  "what an app mounts": [
    "activity-requests",
    "redirect-unauthorized",
    "router",
    "user-locals",
    "webhook-events",
  ],
  guards: ["guards"],
  "the facade": ["session"],
  "the parts, put together": ["engine"],
  "a login, a user at work": [
    "users/bearers",
    "login/code-redemption",
    "login/logins",
    "login/before-end",
    "login/sign-ins",
    "users/user-session",
  ],
  "a grant's life": [
    "users/bot-calls",
    "users/bot-guilds",
    "users/bot-members",
    "grants/grant-writer",
    "grants/grants",
    "users/guild-join",
    "grants/refresher",
    "users/user-calls",
    "users/users",
  ],
  "what is stored and remembered": [
    "grants/deauthorizations",
    "login/cancel-mark",
    "login/code",
    "login/flow",
    "grants/grant-memory",
    "grants/grant-record",
    "grants/held-token",
    "grants/in-flight",
    "grants/lease",
    "login/login-counter",
    "login/refused-codes",
    "grants/own-token-storage",
    "grants/record-store",
    "grants/session-data",
    "login/session-renewal",
    "login/setup-warnings",
    "grants/token-storage",
    "grants/token-storages",
    "grants/under-lock",
  ],
  "calls to Discord": [
    "rest/admission",
    "rest/answer",
    "rest/api-request",
    "rest/buckets",
    "rest/call",
    "rest/call-errors",
    "rest/round-trip",
    "rest/recent-calls",
    "oauth/oauth",
    "oauth/oauth-errors",
    "rest/proxy",
    "rest/rest",
    "rest/route",
    "telemetry",
    "oauth/token-agent",
    "oauth/token-answer",
  ],
  "values and what is settled once": [
    "login/addresses",
    "login/authorization-url",
    "login/callback-query",
    "config",
    "config-values",
    "app-token",
    "login/login",
    "login/manners",
    "login/own-cookies",
    "login/posted-code-checks",
    "models/authorization",
    "models/guild",
    "models/guild-member",
    "models/integration",
    "models/model",
    "models/profile",
    "models/user",
    "models/user-connection",
    "options",
    "grants/sign-in-errors",
    "grants/token",
    "users/loading-cache",
    "users/role-connections",
    "seal",
    "login/start-again-page",
  ],
  "words and arithmetic": [
    "bounded-cache",
    "check-options",
    "closest-name",
    "digest",
    "call-arguments",
    "cdn",
    "clock",
    "deadline",
    "errors",
    "lazy",
    "grants/record-keys",
    "grants/time-limits",
    "option-kinds",
    "permission-flags",
    "permissions",
    "rest/rate-limits",
    "scopes",
    "shown",
    "request-body",
    "snowflake",
    "version",
  ],
};

const MAX_CODE_LINES = 250;

const LOCK_FILES = ["package-lock.json", "bench/package-lock.json", "test/clients/package-lock.json"];

const sources = readSources();
const testing = sources.filter(({ path }) => path.startsWith("testing/"));
const library = sources.filter((source) => !testing.includes(source));
const floors = Object.values(FLOORS);

describe("floors of src", () => {
  it("the floors contain every file of src, and no other", () => {
    expect(floors.flat().sort()).toEqual(library.map(({ path }) => nameOf(path)).sort());
  });

  it("the files of src import only from lower floors", () => {
    expect(edges(library, ({ path }, { target }) => floorOf(target) > floorOf(path))).toEqual([]);
  });

  it("the simulator and the rest of src do not import each other", () => {
    expect(edges(testing, (_, { target }) => isOwn(target) && !target.startsWith("testing/"))).toEqual([]);
    expect(edges(library, (_, { target }) => target.startsWith("testing/"))).toEqual([]);
  });

  it("the files of src import each other without cycles, even of types", () => {
    const neighbours = new Map(
      sources.map(({ path, imports }) => [path, imports.map(({ target }) => target)]),
    );
    const finished = new Set<string>();
    function cycleFrom(path: string, trail: readonly string[]): readonly string[] | undefined {
      if (trail.includes(path)) return [...trail, path];
      if (finished.has(path)) return undefined;
      for (const next of neighbours.get(path) ?? []) {
        const cycle = cycleFrom(next, [...trail, path]);
        if (cycle) return cycle;
      }
      finished.add(path);
      return undefined;
    }
    for (const { path } of sources) expect(cycleFrom(path, [])).toBeUndefined();
  });
});

describe("packages", () => {
  it("only oauth.ts uses simple-oauth2, and loads it when it is needed", () => {
    expect(importersOf("simple-oauth2")).toEqual(["oauth/oauth.ts"]);
    expect(eager("simple-oauth2")).toEqual([]);
  });

  it("only rest.ts and the simulator's intercept.ts use undici, and load it when it is needed", () => {
    const loaded = edges(sources, (_, { target, isTypeOnly }) => /^undici/.test(target) && !isTypeOnly);
    expect(loaded).toEqual(["rest/rest.ts > undici/index.js", "testing/intercept.ts > undici"]);
    expect([...eager("undici"), ...eager("undici/index.js")]).toEqual([]);
  });

  it.each(["discord-interactions", "http-proxy-agent", "https-proxy-agent"])(
    "%s is loaded when it is needed",
    (name) => {
      expect(importersOf(name)).not.toEqual([]);
      expect(eager(name)).toEqual([]);
    },
  );

  it("only types are imported from discord-api-types", () => {
    const loaded = edges(
      sources,
      (_, { target, isTypeOnly }) => /^discord-api-types/.test(target) && !isTypeOnly,
    );
    expect(loaded).toEqual([]);
  });

  it("only types are imported from express and express-session", () => {
    const loaded = edges(sources, (_, { target, isTypeOnly }) => /^express/.test(target) && !isTypeOnly);
    expect(loaded).toEqual([]);
  });
});

describe("source files", () => {
  it("only seal.ts uses ciphers", () => {
    expect(libraryFilesWith(/\b(?:createCipheriv|createDecipheriv|hkdf\w*)\b/)).toEqual(["seal.ts"]);
  });

  it("only clock.ts reads the time", () => {
    const readings = /\bDate\.now\b|\bnew Date\(\s*\)|\bDate\(\s*\)|\bperformance\.now\b|\bhrtime\b/;
    expect(libraryFilesWith(readings)).toEqual(["clock.ts"]);
  });

  it(`source files have at most ${MAX_CODE_LINES} lines of code, not counting comments and empty lines`, () => {
    const long = sources.filter(({ codeLines }) => codeLines > MAX_CODE_LINES);
    expect(long.map(({ path, codeLines }) => `${path}: ${codeLines}`)).toEqual([]);
  });

  it("source files describe each export in a doc comment, except for constants in capitals", () => {
    expect(
      sources.flatMap(({ path, undocumented }) =>
        undocumented.filter((name) => !/^[A-Z_]+$/.test(name)).map((name) => `${path}: ${name}`),
      ),
    ).toEqual([]);
  });

  it("source files have names in kebab-case for the one idea in them", () => {
    const vague = /^(?:utils?|helpers?|types?|constants?|lib|common|misc)$/;
    const parts = sources.flatMap(({ path }) => nameOf(path).split("/"));
    expect(parts.filter((part) => vague.test(part) || !/^[a-z]+(?:-[a-z0-9]+)*$/.test(part))).toEqual([]);
  });
});

describe("error codes", () => {
  it.each(ERROR_CODES)("the error code %s is raised somewhere", (code) => {
    const users = library.filter(({ path, text }) => path !== "errors.ts" && text.includes(`"${code}"`));
    const own = library.find(({ path }) => path === "errors.ts")?.text.split(`"${code}"`).length ?? 0;
    expect(users.length > 0 || own > 1).toBe(true);
  });

  it.each(ERROR_CODES)("the error code %s has an entry in the troubleshooting guide", (code) => {
    const headings = readFileSync("docs/troubleshooting.md", "utf8").match(/^#+ .*$/gm);
    expect(
      headings?.filter((heading) => heading.replace(/^#+ /, "").replaceAll("`", "") === code),
    ).toHaveLength(1);
  });
});

describe("warnings", () => {
  const codes = new Set(library.flatMap(({ text }) => text.match(/\bEXPRESS_DISCORD_[A-Z_]+/g) ?? []));

  it.each([...codes])("the warning %s has an entry in the troubleshooting guide", (code) => {
    expect(readFileSync("docs/troubleshooting.md", "utf8")).toContain(`\n\`${code}\`. `);
  });
});

describe("the repository", () => {
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    encoding: "utf8",
  })
    .split("\0")
    .filter((path) => /(?:\.(?:[cm]?[jt]s|json|md|ya?ml|css|html)|(?:^|\/)\.[\w.]+|^\.ci\/\w+)$/.test(path));

  it("no file of the repository names a place on anybody's machine", () => {
    const places = /(?<![\w.:/-])\/(?:work|root|home|Users)\/[\w.-]+/;
    expect(files.filter((path) => places.test(textOf(path)))).toEqual([]);
  });

  it.each(LOCK_FILES)("%s has no addresses of a registry", (file) => {
    expect(locked(file).filter(([, { resolved, link }]) => resolved !== undefined && !link)).toEqual([]);
    expect(textOf(file)).not.toMatch(/registry\./);
  });

  it.each(LOCK_FILES)("%s installs on every platform", (file) => {
    const paths = locked(file).map(([path]) => path);
    const optional = locked(file).flatMap(([, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies),
    );
    expect(optional.filter((name) => !paths.some((path) => path.endsWith(`node_modules/${name}`)))).toEqual(
      [],
    );
  });
});

/** Whether an import leads to a module of this project, not to a package. */
function isOwn(target: string): boolean {
  return target.endsWith(".ts");
}

function nameOf(path: string): string {
  return `${dirname(path)}/${basename(path, ".ts")}`.replace(/^\.\//, "");
}

/** The number of a floor, counted from the ground: 0. Packages are below it. */
function floorOf(path: string): number {
  return isOwn(path) ? floors.length - floors.findIndex((names) => names.includes(nameOf(path))) : -1;
}

function edges(from: readonly Source[], isMeant: (source: Source, one: Import) => boolean): string[] {
  return from.flatMap((source) =>
    source.imports.filter((one) => isMeant(source, one)).map(({ target }) => `${source.path} > ${target}`),
  );
}

function importersOf(name: string): string[] {
  return library
    .filter(({ imports }) => imports.some(({ target }) => target === name))
    .map(({ path }) => path);
}

function eager(name: string): string[] {
  return edges(sources, (_, one) => one.target === name && !one.isTypeOnly && !one.isDynamic);
}

function libraryFilesWith(pattern: RegExp): string[] {
  return library
    .filter(({ text }) => pattern.test(text.replaceAll(/\/\*[\s\S]*?\*\//g, "")))
    .map(({ path }) => path);
}

interface LockedPackage {
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function locked(file: string): [path: string, LockedPackage][] {
  const { packages } = JSON.parse(textOf(file)) as { packages: Record<string, LockedPackage> };
  return Object.entries(packages);
}

function textOf(path: string): string {
  return readFileSync(path, "utf8");
}
