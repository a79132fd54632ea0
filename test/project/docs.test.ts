import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileSnippets, exampleSnippets, markdownSnippets, type Snippet } from "../support/snippets.js";
import { readSources } from "../support/sources.js";

const LONGEST_CELL = 100;
const LONGEST_LINE = 120;

const guides = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "bench/README.md",
  "examples/README.md",
  ...readdirSync("docs")
    .filter(isMarkdown)
    .map((name) => `docs/${name}`),
];
const sources = readSources().map(({ path }) => `src/${path}`);

describe.each([
  ["the guides", guides.flatMap(markdownSnippets)],
  ["doc comments", sources.flatMap(exampleSnippets)],
])("snippets of %s", (_name, snippets) => {
  const complaints = compileSnippets(snippets);

  it.each(snippets.map((snippet) => [placeOf(snippet), snippet] as const))(
    "the snippet at %s compiles",
    (_place, snippet) => {
      expect(complaints.get(snippet)).toEqual([]);
    },
  );
});

it("every example in a doc comment is marked as TypeScript", () => {
  const unmarked = sources.filter((path) => /@example\s*\n(?! *\*? *```ts)/.test(textOf(path)));
  expect(unmarked).toEqual([]);
});

it.each(guides)("the links of %s lead to something that exists", (guide) => {
  expect(linksIn(guide).filter((link) => !exists(guide, link))).toEqual([]);
});

it.each(guides)("the tables of %s have no long cells", (guide) => {
  expect(cellsIn(guide).filter((cell) => cell.length > LONGEST_CELL)).toEqual([]);
});

it.each(guides)("the prose of %s is wrapped like code", (guide) => {
  const lines = withoutCode(guide).split("\n");
  expect(lines.filter((line) => line.length > LONGEST_LINE && !line.startsWith("|"))).toEqual([]);
  expect(lines.at(-1), "the last line ends with a line break").toBe("");
});

it("README lists every guide", () => {
  const listed = new Set(linksIn("README.md").map((link) => link.split("#")[0]));
  expect(guides.filter((guide) => guide.startsWith("docs/") && !listed.has(guide))).toEqual([]);
});

it("CONTRIBUTING names only files that exist", () => {
  const named = [...textOf("CONTRIBUTING.md").matchAll(/`((?:[\w-]+\/)*[\w-]+(?:\.test)?\.ts)`/g)].map(
    ([, path = ""]) => path,
  );
  expect(named.filter((path) => !existsSync(path) && !existsSync(join("src", path)))).toEqual([]);
});

it("CONTRIBUTING lists every time limit of grants/time-limits.ts, and no other", () => {
  const limits = textOf("src/grants/time-limits.ts").matchAll(/^export const (\w+)/gm);
  const listed = cellsIn("CONTRIBUTING.md").flatMap(
    (cell) => cell.match(/(?<=`)(?:[A-Z_]+|leaseMs)(?=`)/g) ?? [],
  );
  expect(listed.toSorted()).toEqual([...limits].map(([, name = ""]) => name).toSorted());
});

it.each(readdirSync("examples/recipes"))("the recipe %s is in a guide, word for word", (name) => {
  const recipe = textOf(join("examples/recipes", name));
  expect(guides.flatMap(markdownSnippets).some(({ code }) => code === recipe)).toBe(true);
});

it("messages name only pages and headings that exist", () => {
  const places = sources.flatMap((path) => textOf(path).match(/\bdocs\/[\w-]+\.md(?:#[\w-]+)?/g) ?? []);
  expect(places.length).toBeGreaterThan(0);
  expect(places.filter((place) => !exists("README.md", place))).toEqual([]);
});

function isMarkdown(name: string): boolean {
  return name.endsWith(".md");
}

function placeOf({ file, line }: Snippet): string {
  return `${file}:${line}`;
}

/** Returns the links of a Markdown file within this project. */
function linksIn(file: string): string[] {
  const prose = withoutCode(file).replaceAll(/`[^`\n]*`/g, "code");
  const targets = [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)|^\[[^\]]+\]: (\S+)/gm)];
  return targets
    .map(([, inline, below]) => inline ?? below ?? "")
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Returns the cells of a Markdown file's tables, as they are displayed. */
function cellsIn(file: string): string[] {
  return withoutCode(file)
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .split("\n")
    .filter((line) => /^\|(?! ?-)/.test(line))
    .flatMap((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim()));
}

function exists(from: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const file = path === "" ? from : join(dirname(from), path);
  return existsSync(file) && (anchor === undefined || anchorsIn(file).has(anchor));
}

/** Returns the anchors of a Markdown file's headings, as GitHub makes them. */
function anchorsIn(file: string): ReadonlySet<string> {
  const headings = withoutCode(file).matchAll(/^#+ (.*)$/gm);
  const counts = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ""] of headings) {
    const slug = heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

/** Returns a Markdown file without its code blocks. */
function withoutCode(path: string): string {
  return textOf(path).replaceAll(/^ *```[\s\S]*?^ *```$/gm, "");
}

function textOf(path: string): string {
  return readFileSync(path, "utf8");
}
