import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const SOURCES = join(import.meta.dirname, "consumers");

/** The compilers that consumers use, by the name each is installed under. */
export const COMPILERS = {
  "typescript-5.9": "~5.9.0",
  "typescript-6": "~6.0.3",
  "typescript-7": "~7.0.2",
} as const;

/** One Express major with its types. */
export const EXPRESS_MAJORS = [4, 5] as const;

export type ExpressMajor = (typeof EXPRESS_MAJORS)[number];

/** How a TypeScript consumer is set up. */
export const MODULES = {
  "ES modules": { type: "module", module: "nodenext", moduleResolution: "nodenext" },
  CommonJS: { type: "commonjs", module: "nodenext", moduleResolution: "nodenext" },
  "a bundler": { type: "module", module: "esnext", moduleResolution: "bundler" },
} as const;

/** The packed package and the projects that have installed it, one for each Express. */
export class Consumers {
  readonly root = mkdtempSync(join(tmpdir(), "express-discord-consumers-"));

  /** Packs, which builds, and installs: the second install finds everything in npm's cache. */
  async install(): Promise<void> {
    const tarball = await this.#pack();
    for (const major of EXPRESS_MAJORS) {
      const folder = this.folder(major);
      mkdirSync(folder);
      cpSync(SOURCES, folder, { recursive: true });
      writeJson(join(folder, "package.json"), {
        private: true,
        dependencies: {
          "express-discord": `file:${tarball}`,
          express: `^${major}`,
          "express-session": "^1.18",
          "@types/express": `^${major}`,
          "@types/express-session": "^1.18",
          "@types/node": "^20",
          ...Object.fromEntries(
            Object.entries(COMPILERS).map(([name, version]) => [name, `npm:typescript@${version}`]),
          ),
        },
      });
      await npm(
        ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"],
        folder,
      );
    }
  }

  folder(major: ExpressMajor): string {
    return join(this.root, `express-${major}`);
  }

  /** Runs a JavaScript consumer. @returns the JSON it prints */
  async run(major: ExpressMajor, script: string): Promise<unknown> {
    const { stdout } = await run(process.execPath, [script], { cwd: this.folder(major) });
    return JSON.parse(stdout);
  }

  /** Compiles the TypeScript consumer, strictly, the types of all packages included. @returns the compiler's complaints */
  async compile(
    major: ExpressMajor,
    compiler: string,
    { type, ...resolution }: (typeof MODULES)[keyof typeof MODULES],
  ): Promise<string> {
    const folder = join(this.folder(major), `${compiler}-${type}-${resolution.moduleResolution}`);
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
        noEmit: true,
      },
      files: ["app.ts"],
    });
    const tsc = join(this.folder(major), "node_modules", compiler, "bin", "tsc");
    return run(process.execPath, [tsc, "-p", folder]).then(
      ({ stdout }) => stdout,
      (error: { stdout: string }) => error.stdout,
    );
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
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

function npm(args: readonly string[], cwd: string) {
  return run("npm", args, { cwd, maxBuffer: 64 * 1024 * 1024 });
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, JSON.stringify(value, null, 2));
}
