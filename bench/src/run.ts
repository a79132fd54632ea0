import { join } from "node:path";
import { parseArgs } from "node:util";
import { startDiscord } from "express-discord/testing";
import { accounts } from "./accounts.js";
import type { Bench, Findings } from "./bench.js";
import { moveToLoadCore } from "./cores.js";
import { FULL, SMOKE } from "./extent.js";
import { keepInReadme, report } from "./report.js";
import { callsToDiscord } from "./scenarios/calls-to-discord.js";
import { guardedPage } from "./scenarios/guarded-page.js";
import { heap } from "./scenarios/heap.js";
import { loginPage } from "./scenarios/login-page.js";
import { startUp } from "./scenarios/start-up.js";
import { wholeLogin } from "./scenarios/whole-login.js";
import { ServerProcess } from "./server-process.js";

const PROFILES = join(import.meta.dirname, "../profiles");

const SCENARIOS = {
  "guarded-page": guardedPage,
  "login-page": loginPage,
  "whole-login": wholeLogin,
  "calls-to-discord": callsToDiscord,
  heap,
  "start-up": startUp,
};

const { values: flags } = parseArgs({
  options: {
    smoke: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    write: { type: "boolean", default: false },
    profile: { type: "string" },
  },
});

moveToLoadCore();
const simulator = await startDiscord({ logLimit: 20_000, behaviour: { strictRedirectUris: false } });
const profiling = flags.profile ? [`--${flags.profile}-prof`, `--diagnostic-dir=${PROFILES}`] : [];
const bench: Bench = {
  simulator,
  extent: flags.smoke ? SMOKE : FULL,
  start: (contestant) => ServerProcess.start(contestant, simulator, profiling),
  users: accounts(simulator),
};

const findings: Findings[] = [];
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  if (flags.only && !flags.only.includes(name)) continue;
  process.stderr.write(`${name} ...\n`);
  findings.push(await scenario(bench));
}
await simulator.close();

const text = report(findings);
process.stdout.write(`${text}\n`);
if (flags.write) keepInReadme(text);
if (findings.some(({ aims }) => aims.some(({ isExact, isReached }) => isExact && !isReached)))
  process.exitCode = 1;
