import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as library from "../../src/index.js";
import * as testing from "../../src/testing/index.js";

/** A piece of TypeScript in a text. */
export interface Snippet {
  readonly file: string;
  /** The line number of its first line in the file, counted from 1. */
  readonly line: number;
  readonly code: string;
}

/** In `node_modules`, where packages are found and tools do not look. */
const CACHE = "node_modules/.cache/express-discord-snippets";

/** What examples in doc comments may use without importing it. */
const GLOBALS_OF_EXAMPLES = `
declare const app: import("express").Application;
declare const req: import("express").Request;
declare const res: import("express").Response;
declare const discord: import("express-discord").DiscordOAuth2Session;
declare const user: import("express-discord").User;
declare const guild: import("express-discord").Guild;
declare const member: import("express-discord").GuildMember;
declare const simulator: import("express-discord/testing").DiscordSimulator;
declare function createApp(options: import("express-discord").DiscordOptions): import("express").Application;
`;
const IMPORTS_OF_EXAMPLES = [
  `import { ${Object.keys(library).join(", ")} } from "express-discord";`,
  `import { ${Object.keys(testing).join(", ")} } from "express-discord/testing";`,
].join(" ");

/** Returns the code blocks of a Markdown file that are marked `ts`. */
export function markdownSnippets(file: string): Snippet[] {
  return fenced(file, readFileSync(file, "utf8"));
}

/** Returns the `@example`s in the doc comments of a source file. */
export function exampleSnippets(file: string): Snippet[] {
  const text = readFileSync(file, "utf8").replaceAll(/^ *\/?\*+[ /]?/gm, (margin) =>
    " ".repeat(margin.length),
  );
  return fenced(file, text).map(({ code, ...place }) => {
    const prelude = /^\s*import /m.test(code) ? "" : IMPORTS_OF_EXAMPLES;
    return { ...place, line: place.line - 1, code: `${prelude}\n${code}` };
  });
}

function fenced(file: string, text: string): Snippet[] {
  return [...text.matchAll(/^ *```ts\n([\s\S]*?)^ *```$/gm)].map(({ index, 1: code = "" }) => ({
    file,
    line: text.slice(0, index).split("\n").length + 1,
    code,
  }));
}

/**
 * Compiles snippets as files of an app that has installed this package, as strictly as the package itself.
 *
 * @param overrides `compilerOptions` of another app
 * @returns the errors in each snippet, with the line in its text
 */
export function compileSnippets(
  snippets: readonly Snippet[],
  overrides: Readonly<Record<string, boolean>> = {},
): Map<Snippet, readonly string[]> {
  const root = process.cwd();
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "app-"));
  try {
    const paths = new Map(snippets.map((snippet) => [`${snippet.file}.${snippet.line}.ts`, snippet]));
    const files = new Map([...paths].map(([path, { code }]) => [path, code]));
    if (snippets.some(({ file }) => file.endsWith(".ts"))) files.set("globals.d.ts", GLOBALS_OF_EXAMPLES);
    const compilerOptions = {
      moduleDetection: "force",
      noUnusedLocals: false,
      noUnusedParameters: false,
      // A guide imports a recipe by the name under which it was saved.
      rootDirs: ["docs", join(root, "examples/recipes")],
      ...overrides,
    };
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions,
      include: [],
      files: [...files.keys()],
    };
    files.set("package.json", '{ "type": "module" }').set("tsconfig.json", JSON.stringify(config));
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return errorsIn(paths, outputOfCompiler(root, folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Uses TypeScript 7, which is several times as fast as TypeScript 6. */
function outputOfCompiler(root: string, folder: string): string {
  const compiler = join(root, "node_modules/typescript-7/bin/tsc");
  const { error, stdout } = spawnSync(process.execPath, [compiler, "-p", ".", "--pretty", "false"], {
    cwd: folder,
    encoding: "utf8",
  });
  // An error without a place is one of the configuration.
  if (error || /^error /m.test(stdout)) throw error ?? new Error(stdout);
  return stdout;
}

function errorsIn(paths: ReadonlyMap<string, Snippet>, output: string): Map<Snippet, readonly string[]> {
  const errors = new Map<Snippet, string[]>([...paths.values()].map((snippet) => [snippet, []]));
  for (const [, path = "", line, message] of output.matchAll(
    /^(\S.*?)\((\d+),\d+\): error (.*(?:\n .*)*)/gm,
  )) {
    const snippet = paths.get(path);
    if (snippet) errors.get(snippet)?.push(`${snippet.file}:${snippet.line + Number(line) - 1}: ${message}`);
  }
  return errors;
}
