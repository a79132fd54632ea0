import { execFileSync, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** The servers run here, ... */
export const SERVER_CORE = 0;
/** ... and the load and the simulated Discord there. */
const LOAD_CORE = 1;

/** Whether processes can be kept to a core: on Linux, with two cores at least. */
export const pins =
  process.platform === "linux" && availableParallelism() > 1 && spawnSync("taskset", ["-V"]).status === 0;

/** The command line that keeps a process to a core, where that can be done. */
export function onCore(core: number, command: readonly [string, ...string[]]): [string, ...string[]] {
  return pins ? ["taskset", "-c", String(core), ...command] : [...command];
}

/** Leaves the servers' core to the servers. */
export function moveToLoadCore(): void {
  if (pins) execFileSync("taskset", ["-a", "-p", "-c", String(LOAD_CORE), String(process.pid)]);
}
