import { existsSync, readFileSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const GUIDE = "docs/security.md";
const EVIDENCE = /^`([\w/-]+)` (.+)$/;
const NO_TEST = /^(?:\*\*not met\*\*|\*(?:your app|Discord|express-session|does not apply)\*)/;

/** One line of a last column. */
interface Claim {
  readonly row: string;
  readonly text: string;
}

const rows = readFileSync(GUIDE, "utf8")
  .split("\n")
  .filter((line) => /^\| (?!---)/.test(line) && !line.endsWith("| shown by |"));
const claims = rows.flatMap((row): Claim[] => {
  const last = row.slice(0, -1).split("|").at(-1) ?? "";
  return last
    .trim()
    .split("<br>")
    .map((text) => ({ row, text }));
});

/** The names of the tests in a file, as they are written there. */
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

describe(GUIDE, () => {
  it("has a table for each half of RFC 9700, and one for sessions", () => {
    const sections = rows.map((row) => /^\| ([\d.]+) \|/.exec(row)?.[1]);
    expect(sections.filter((section) => section === undefined).length).toBeGreaterThan(25);
    expect(sections).toEqual(
      expect.arrayContaining(["2.1", "2.1.1", "2.1.2", "2.2.1", "2.2.2", "2.3", "2.4", "2.5", "2.6"]),
    );
    for (let attack = 1; attack <= 17; attack += 1) {
      expect(sections.some((section) => section?.startsWith(`4.${attack}`))).toBe(true);
    }
  });

  it.each(claims.map(({ row, text }) => [text, row]))("says truly: %s", (text, row) => {
    const [, file, name] = EVIDENCE.exec(text) ?? [];
    if (file === undefined || name === undefined) {
      expect(text, row).toMatch(NO_TEST);
      return;
    }
    const path = `test/${file}.test.ts`;
    expect(existsSync(path), path).toBe(true);
    expect([...testsIn(path)]).toContain(name);
  });
});
