import type { Aim } from "./bench.js";
import { type ContestantName, titleOf } from "./contestants.js";
import { cpuRatio, type Measured } from "./rounds.js";
import { formatSpread, spreadOf } from "./statistics.js";

/** A Markdown table. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** What every contestant took for one `thing`, and in relation to the floor. */
export function comparisonTable(measured: readonly Measured[], thing: string): string {
  return markdownTable(
    ["", `server CPU, µs a ${thing}`, "CPU, × bare", "a second"],
    measured.map(({ contestant, cpuMicros, perSecond }) => [
      titleOf(contestant),
      formatSpread(spreadOf(cpuMicros), 0),
      formatSpread(cpuRatio(measured, contestant, "bare"), 2),
      formatSpread(spreadOf(perSecond), 0),
    ]),
  );
}

/** Whether this library takes at most so many times the CPU of another contestant. */
export function cpuAim(
  what: string,
  measured: readonly Measured[],
  beside: ContestantName,
  most: number,
): Aim {
  const ratio = cpuRatio(measured, "express-discord", beside);
  return {
    what,
    mustReach: `at most ${most} × the CPU of ${titleOf(beside)}`,
    reached: `${formatSpread(ratio, 2)} ×`,
    isReached: ratio.median <= most,
  };
}
