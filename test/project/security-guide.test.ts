import { existsSync, readFileSync } from "node:fs";
import ts from "typescript";
import { expect, it } from "vitest";

const GUIDE = "docs/security.md";
const EVIDENCE = /^`([\w/-]+)` (.+)$/;
const NO_TEST = /^(?:\*\*not met\*\*|\*(?:your app|Discord|express-session|does not apply)\*)/;

/** One line below a point. */
interface Claim {
  readonly point: string;
  readonly text: string;
}

const POINT = /^\*\*(?:([\d.]+) )?(.+?)\.\*\* [\s\S]+?\n\n((?:- .+\n(?: {2}.+\n)*)+)/gm;

const [, rfcAndSessions = ""] = readFileSync(GUIDE, "utf8").split(/^## How to read the rest$/m);
const points = [...rfcAndSessions.matchAll(POINT)].map(([, section, title = "", list = ""]) => ({
  section,
  title,
  lines: list
    .replaceAll(/\n {2}/g, " ")
    .trim()
    .split("\n")
    .map((line) => line.slice(2)),
}));
const claims = points.flatMap(({ title, lines }) => lines.map((text): Claim => ({ point: title, text })));

/** Returns the names of the tests in a file, as they are written there. */
function testsIn(path: string): ReadonlySet<string> {
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ES2023, true);
  const names = new Set<string>();
  function visit(node: ts.Node): void {
    if (ts.isCallExpression(node)) {
      const [name] = node.arguments;
      const isTest = /^(?:it|test)\b/.test(node.expression.getText(file));
      if (isTest && name && ts.isStringLiteralLike(name)) names.add(name.text);
    }
    ts.forEachChild(node, visit);
  }
  visit(file);
  return names;
}

it("the security guide has a point for each piece of advice of RFC 9700, and others about sessions", () => {
  const sections = points.map(({ section }) => section);
  expect(sections.filter((section) => section === undefined).length).toBeGreaterThan(25);
  expect(sections).toEqual(
    expect.arrayContaining(["2.1", "2.1.1", "2.1.2", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6"]),
  );
  for (let attack = 1; attack <= 17; attack += 1) {
    expect(sections.some((section) => section?.startsWith(`4.${attack}`))).toBe(true);
  }
});

it("the security guide has tests or a reason below each point", () => {
  const bold = rfcAndSessions.match(/^\*\*.+\.\*\* /gm) ?? [];
  expect(points).toHaveLength(bold.length);
});

it.each(claims.map(({ point, text }) => [text, point]))(
  "the security guide names a test that exists, or a reason: %s",
  (text, point) => {
    const [, file, name] = EVIDENCE.exec(text) ?? [];
    if (file === undefined || name === undefined) {
      expect(text, point).toMatch(NO_TEST);
      return;
    }
    const path = `test/${file}.test.ts`;
    expect(existsSync(path), path).toBe(true);
    expect([...testsIn(path)]).toContain(name);
  },
);
