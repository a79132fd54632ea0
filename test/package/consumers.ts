import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const SOURCES = join(import.meta.dirname, "consumers");

/** The compilers that consumers use, by the name under which they are installed. */
export const COMPILERS = {
  "typescript-5.9": "~5.9.0",
  "typescript-6": "~6.0.3",
  "typescript-7": "~7.0.2",
} as const;

/** One Express major with its types. */
export const EXPRESS_MAJORS = [4, 5] as const;

/**
 * The installers of the package: npm next to each Express, and pnpm, whose packages see only their own dependencies.
 */
export type Project = (typeof EXPRESS_MAJORS)[number] | "pnpm";

/** Runs and bundles the consumers with Express 5. */
const HOSTS = { bun: "^1.4.5", esbuild: "^0.28.2", jest: "^30.5.2" };

/** The newest release that runs on every Node.js that the package supports. */
const PNPM = "pnpm@^10.34.9";

/** The settings of a TypeScript consumer. */
export const MODULES = {
  "ES modules": { type: "module", module: "nodenext", moduleResolution: "nodenext" },
  CommonJS: { type: "commonjs", module: "nodenext", moduleResolution: "nodenext" },
  "a bundler": { type: "module", module: "esnext", moduleResolution: "bundler" },
} as const;

/** The packed package and the projects that have installed it. */
export class Consumers {
  readonly root = mkdtempSync(join(tmpdir(), "express-discord-consumers-"));

  /** Packs and builds the package and installs it. Later installs find most packages in a cache. */
  async install(): Promise<void> {
    const tarball = await this.#pack();
    const flags = ["--prefer-offline", "--ignore-scripts"];
    for (const major of EXPRESS_MAJORS) {
      const hosts = major === 5 ? HOSTS : {};
      this.#writeProject(major, { ...peersAndTypes(tarball, major), ...hosts });
      await npm(["install", ...flags, "--no-audit", "--no-fund", "--no-package-lock"], this.folder(major));
    }
    // Puts the binary for this platform in place.
    await run(process.execPath, [join(this.folder(5), "node_modules", "bun", "install.js")]);

    this.#writeProject("pnpm", peersAndTypes(tarball, 5));
    const store = ["--store-dir", join(this.root, "pnpm-store")];
    await npm(
      ["exec", "--yes", `--package=${PNPM}`, "--", "pnpm", "install", ...flags, ...store],
      this.folder("pnpm"),
    );
  }

  folder(project: Project): string {
    return join(this.root, project === "pnpm" ? project : `express-${project}`);
  }

  /**
   * Runs a JavaScript consumer.
   *
   * @returns the JSON that it prints
   */
  run(project: Project, script: string): Promise<unknown> {
    return outputOf(process.execPath, [script], this.folder(project));
  }

  /** Runs a JavaScript consumer on Bun. */
  runOnBun(script: string): Promise<unknown> {
    return outputOf(this.#command("bun"), [script], this.folder(5));
  }

  /** Runs a JavaScript consumer as a single file, where no packages are installed. */
  async runBundled(script: string, options: readonly string[]): Promise<unknown> {
    const folder = join(this.root, "bundled");
    const args = ["--bundle", "--minify", "--platform=node", `--outfile=${join(folder, script)}`, ...options];
    await run(this.#command("esbuild"), [script, ...args], { cwd: this.folder(5) });
    return outputOf(process.execPath, [script], folder);
  }

  /**
   * Runs the tests of a consumer.
   *
   * @returns Jest's report
   */
  runByJest(script: string): Promise<unknown> {
    return outputOf(this.#command("jest"), ["--json", script], this.folder(5));
  }

  /**
   * Compiles the TypeScript consumer strictly, including the types of all packages.
   *
   * @returns the compiler's errors
   */
  async compile(
    project: Project,
    compiler: string,
    { type, ...resolution }: (typeof MODULES)[keyof typeof MODULES],
  ): Promise<string> {
    const folder = join(this.folder(project), `${compiler}-${type}-${resolution.moduleResolution}`);
    mkdirSync(folder);
    cpSync(join(SOURCES, "app.ts"), join(folder, "app.ts"));
    writeJson(join(folder, "package.json"), { type });
    writeJson(join(folder, "tsconfig.json"), {
      compilerOptions: {
        ...resolution,
        target: "es2022",
        lib: ["es2023"],
        types: ["node"],
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        noPropertyAccessFromIndexSignature: true,
        skipLibCheck: false,
        esModuleInterop: true,
        declaration: true,
        noEmit: true,
      },
      files: ["app.ts"],
    });
    const tsc = join(this.folder(project), "node_modules", compiler, "bin", "tsc");
    return run(process.execPath, [tsc, "-p", folder]).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  #writeProject(project: Project, dependencies: Readonly<Record<string, string>>): void {
    const folder = this.folder(project);
    mkdirSync(folder);
    cpSync(SOURCES, folder, { recursive: true });
    writeJson(join(folder, "package.json"), { private: true, dependencies });
  }

  #command(name: string): string {
    return join(this.folder(5), "node_modules", ".bin", name);
  }

  async #pack(): Promise<string> {
    const { stdout } = await npm(
      ["pack", "--json", "--silent", "--pack-destination", this.root],
      process.cwd(),
    );
    const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf("[\n"))) as [{ filename: string }];
    return join(this.root, filename);
  }
}

function peersAndTypes(tarball: string, major: number): Record<string, string> {
  return {
    "express-discord": `file:${tarball}`,
    express: `^${major}`,
    "express-session": "^1.18",
    "@types/express": `^${major}`,
    "@types/express-session": "^1.18",
    "@types/node": "^20",
    ...Object.fromEntries(
      Object.entries(COMPILERS).map(([name, version]) => [name, `npm:typescript@${version}`]),
    ),
  };
}

async function outputOf(command: string, args: readonly string[], cwd: string): Promise<unknown> {
  const { stdout } = await run(command, args, { cwd });
  return JSON.parse(stdout);
}

function npm(args: readonly string[], cwd: string) {
  return run("npm", args, { cwd, maxBuffer: 64 * 1024 * 1024 });
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, JSON.stringify(value, null, 2));
}
