import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import * as library from "../../src/index.js";
import * as testing from "../../src/testing/index.js";

/** A piece of TypeScript in a text. */
export interface Snippet {
  readonly file: string;
  /** The line number of its first line in the file, counted from 1. */
  readonly line: number;
  readonly code: string;
}

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

/** Every program needs the same files of this project and of packages: each is parsed once. */
const parsed = new Map<string, ts.SourceFile | undefined>();

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
  overrides: ts.CompilerOptions = {},
): Map<Snippet, readonly string[]> {
  const root = process.cwd();
  const virtual = new Map(
    snippets.map((snippet) => [join(root, `${snippet.file}.${snippet.line}.ts`), snippet]),
  );
  const globals = join(root, "globals-of-examples.d.ts");
  const textOf = (path: string) => (path === globals ? GLOBALS_OF_EXAMPLES : virtual.get(path)?.code);

  const options = { ...compilerOptions(root), ...overrides };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => textOf(path) !== undefined || fileExists(path);
  host.readFile = (path) => textOf(path) ?? readFile(path);
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = textOf(path);
    if (text !== undefined) return ts.createSourceFile(path, text, languageVersion, true);
    if (!parsed.has(path)) parsed.set(path, getSourceFile(path, languageVersion, ...rest));
    return parsed.get(path);
  };

  const inSource = snippets.some(({ file }) => file.endsWith(".ts"));
  const program = ts.createProgram([...virtual.keys(), ...(inSource ? [globals] : [])], options, host);
  return new Map(
    [...virtual].map(([path, snippet]) => {
      const source = program.getSourceFile(path);
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return [snippet, found.map((diagnostic) => describe(snippet, diagnostic))];
    }),
  );
}

function compilerOptions(root: string): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    { ...config, include: [], files: ["package.json"] },
    ts.sys,
    root,
  );
  return {
    ...options,
    moduleDetection: ts.ModuleDetectionKind.Force,
    noUnusedLocals: false,
    noUnusedParameters: false,
    // A guide imports a recipe by the name under which it was saved.
    rootDirs: [join(root, "docs"), join(root, "examples/recipes")],
    paths: {
      "express-discord": [join(root, "src/index.ts")],
      "express-discord/testing": [join(root, "src/testing/index.ts")],
    },
  };
}

function describe({ file, line }: Snippet, { start = 0, file: source, messageText }: ts.Diagnostic): string {
  const within = source?.getLineAndCharacterOfPosition(start).line ?? 0;
  return `${file}:${line + within}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
}
