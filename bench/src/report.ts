import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Findings } from "./bench.js";
import { CONTESTANTS } from "./contestants.js";
import { pins } from "./cores.js";
import { versionOf } from "./installed-size.js";
import { markdownTable } from "./tables.js";

const README = join(import.meta.dirname, "../README.md");
const [BEGIN, END] = ["<!-- results -->", "<!-- end of the results -->"];

/** The whole of the results, in Markdown. */
export function report(findings: readonly Findings[]): string {
  const aims = findings.flatMap(({ aims }) => aims);
  const summary = markdownTable(
    ["what", "must reach", "reached", ""],
    aims.map(({ what, mustReach, reached, isReached }) => [
      what,
      mustReach,
      reached,
      isReached ? "yes" : "**no**",
    ]),
  );
  const parts = findings.map(({ title, markdown }) => `### ${title}\n\n${markdown}`);
  return [surroundings(), `### Aims\n\n${summary}`, ...parts].join("\n\n");
}

/** Puts the results where the former ones were. */
export function keepInReadme(results: string): void {
  const text = readFileSync(README, "utf8");
  const [before, rest] = [text.split(BEGIN, 1)[0] ?? "", text.slice(text.indexOf(END))];
  writeFileSync(README, `${before}${BEGIN}\n\n${results}\n\n${rest}`);
}

function surroundings(): string {
  const packages = ["express", "express-session", ...CONTESTANTS.flatMap(({ packages }) => packages)];
  const versions = packages.map((name) => `${name} ${versionOf(name)}`).join(", ");
  const cores = pins ? "servers and load on different cores" : "servers and load not kept apart";
  return wrapped(
    `Node.js ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, ${cores}; ${versions}.`,
  );
}

/** Breaks a paragraph into lines like those of the rest of the page. */
function wrapped(text: string): string {
  return text.replace(/(.{1,120})(?: |$)/g, "$1\n").trimEnd();
}
