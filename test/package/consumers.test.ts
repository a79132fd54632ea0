import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMPILERS, Consumers, EXPRESS_MAJORS, MODULES } from "./consumers.js";

const LOGIN = { stranger: "/auth/login?returnTo=%2Fme", me: { name: "mira.k" } };

const consumers = new Consumers();
const installed = join(consumers.folder(5), "node_modules", "express-discord");

beforeAll(() => consumers.install(), 300_000);
afterAll(() => consumers.remove(), 60_000);

describe.each(EXPRESS_MAJORS)("beside Express %i", (major) => {
  it.each(["login.mjs", "login.cjs"])(
    `%s signs in with the packed package next to Express ${major}`,
    async (script) => {
      expect(await consumers.run(major, script)).toEqual(LOGIN);
    },
  );

  describe.each(Object.keys(COMPILERS))("%s", (compiler) => {
    it.each(Object.entries(MODULES))(
      `${compiler} compiles an app for %s next to Express ${major}`,
      async (_name, modules) => {
        expect(await consumers.compile(major, compiler, modules)).toBe("");
      },
    );
  });
});

describe("installed by pnpm, whose packages see only what they depend on", () => {
  it.each(["login.mjs", "login.cjs"])("%s signs in with the package installed by pnpm", async (script) => {
    expect(await consumers.run("pnpm", script)).toEqual(LOGIN);
  });

  it.each(Object.entries(MODULES))(
    "an app for %s compiles against the package installed by pnpm",
    async (_name, modules) => {
      expect(await consumers.compile("pnpm", "typescript-7", modules)).toBe("");
    },
  );
});

describe("on Bun", () => {
  it.each(["login.mjs", "login.cjs"])("%s signs in on Bun", async (script) => {
    expect(await consumers.runOnBun(script)).toEqual(LOGIN);
  });

  it("on Bun, calls can be observed, mistakes are explained, and interception is refused", async () => {
    expect(await consumers.runOnBun("on-bun.mjs")).toEqual({
      me: { name: "mira.k" },
      routes: ["/users/@me"],
      mistake: expect.stringContaining("not the response"),
      interception: expect.stringContaining("works on Node.js only"),
    });
  });
});

describe("bundled to one file by esbuild", () => {
  it("an ES module bundled by esbuild signs in", async () => {
    const require =
      'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
    expect(await consumers.runBundled("login.mjs", ["--format=esm", `--banner:js=${require}`])).toEqual(
      LOGIN,
    );
  });

  it("CommonJS bundled by esbuild signs in", async () => {
    // An optional peer of the simulator, which is not installed.
    expect(await consumers.runBundled("login.cjs", ["--external:@mswjs/interceptors"])).toEqual(LOGIN);
  });
});

it("Jest with CommonJS tests an app with the simulator", async () => {
  expect(await consumers.runByJest("login.test.cjs")).toMatchObject({ numPassedTests: 2, numTotalTests: 2 });
});

it("the package recognises its errors across an ESM and a CommonJS copy in one process", async () => {
  const recognised = {
    code: "not_signed_in",
    asItself: true,
    asTheBase: true,
    asAnother: false,
    baseAsASubclass: false,
  };
  expect(await consumers.run(5, "both-copies.mjs")).toEqual({
    areTwoCopies: true,
    cjsInEsm: recognised,
    esmInCjs: recognised,
    guardOfCjs: "/login?returnTo=%2Fme",
    guardOfEsm: "/login?returnTo=%2Falso-me",
  });
});

it("the package does not export its private files", async () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(await consumers.run(5, "private-files.mjs")).toEqual({
    codes: ["ERR_PACKAGE_PATH_NOT_EXPORTED"],
    version,
  });
});

it("the package loads only cookie and lru-cache until an app uses it", async () => {
  expect(await consumers.run(5, "eager.cjs")).toEqual(["cookie", "express-discord", "lru-cache"]);
});

it("the package contains the files it needs and no others", () => {
  const foreign = filesIn(installed).filter(
    (path) =>
      !/^dist\/(esm|cjs)\/.+(\.js|\.d\.ts)$/.test(path) &&
      !/^docs\/[\w-]+\.md$/.test(path) &&
      !["package.json", "dist/cjs/package.json", "README.md", "LICENSE", "CHANGELOG.md"].includes(path),
  );
  expect(foreign).toEqual([]);
  expect(filesIn(installed)).toEqual(
    expect.arrayContaining(["README.md", "LICENSE", "CHANGELOG.md", "docs/troubleshooting.md"]),
  );
});

it.each(["esm", "cjs"])(
  "the types of the %s build import only the peers, discord-api-types and lru-cache",
  (format) => {
    const door = join(installed, "dist", format, "index.d.ts");
    const testing = join(installed, "dist", format, "testing", "index.d.ts");
    expect([...packagesBehind(door)].sort()).toEqual([
      "discord-api-types/v10",
      "express",
      "express-session",
      "lru-cache",
      "node:http",
    ]);
    expect([...packagesBehind(testing)].filter((name) => !name.startsWith("node:"))).toEqual([
      "discord-api-types/v10",
    ]);
  },
);

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith("node_modules"));
}

/** Returns the packages that a declaration file imports, directly or through its neighbours. */
function packagesBehind(file: string, seen = new Set<string>(), packages = new Set<string>()): Set<string> {
  if (seen.has(file)) return packages;
  seen.add(file);
  const code = readFileSync(file, "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");
  for (const [, name = ""] of code.matchAll(/(?:\bfrom |\bimport\(|\bmodule )"([^"]+)"/g)) {
    if (name.startsWith("."))
      packagesBehind(resolve(dirname(file), name.replace(/\.js$/, ".d.ts")), seen, packages);
    else packages.add(name);
  }
  return packages;
}
