import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Bench, Findings } from "../bench.js";
import { CONTESTANTS, titleOf } from "../contestants.js";
import { onCore, SERVER_CORE } from "../cores.js";
import { installedBytes } from "../installed-size.js";
import { formatSpread, spreadOf } from "../statistics.js";
import { markdownTable } from "../tables.js";
import { Visitor } from "../visitor.js";

const HIGHEST_SHARE = 0.3;

type Contestant = (typeof CONTESTANTS)[number];

/** How long a fresh process takes to import each, and until its first visitor is signed in. */
export async function startUp({ simulator, extent, start, users }: Bench): Promise<Findings> {
  const imports = new Map(CONTESTANTS.map(({ name }) => [name as string, [] as ImportTimes[]]));
  for (let round = 0; round < extent.freshProcesses; round++) {
    for (const contestant of CONTESTANTS) imports.get(contestant.name)?.push(importTimes(contestant));
  }
  const firstLogins = new Map(CONTESTANTS.map(({ name }) => [name as string, [] as number[]]));
  const [user] = users(1);
  for (let round = 0; user && round < extent.firstLogins; round++) {
    for (const { name } of CONTESTANTS) {
      const startedAt = performance.now();
      const server = await start(name);
      const pool = server.connect(1);
      await new Visitor(pool).signIn(simulator, user);
      firstLogins.get(name)?.push(performance.now() - startedAt);
      await server.stop();
    }
  }

  const rows = CONTESTANTS.map(({ name, packages }) => {
    const times = imports.get(name) ?? [];
    return [
      titleOf(name),
      formatSpread(spreadOf(times.map(({ packagesMs }) => packagesMs)), 1),
      formatSpread(shareOfExpress(times), 2),
      formatSpread(spreadOf(firstLogins.get(name) ?? []), 0),
      (installedBytes(packages) / 1e6).toFixed(2),
    ];
  });
  const share = shareOfExpress(imports.get("express-discord") ?? []);
  return {
    title: "Start-up and size",
    markdown: markdownTable(
      ["", "import, ms", "import, × Express's own", "process start to first login, ms", "installed, MB"],
      rows,
    ),
    aims: [
      {
        what: "import in a fresh process, by Express's own",
        mustReach: `${HIGHEST_SHARE * 100} %`,
        reached: `${(share.median * 100).toFixed(0)} % (${(share.min * 100).toFixed(0)}–${(share.max * 100).toFixed(0)})`,
        isReached: share.median <= HIGHEST_SHARE,
      },
    ],
  };
}

interface ImportTimes {
  readonly expressMs: number;
  readonly packagesMs: number;
}

/** Express and express-session come first, as in every app: what they load is not loaded again. */
function importTimes({ packages }: Contestant): ImportTimes {
  const code = `
    async function timeOf(...packages) {
      const start = performance.now();
      for (const name of packages) await import(name);
      return performance.now() - start;
    }
    const expressMs = await timeOf("express");
    await timeOf("express-session");
    const packagesMs = await timeOf(...${JSON.stringify(packages)});
    console.log(JSON.stringify({ expressMs, packagesMs }));`;
  const [command, ...args] = onCore(SERVER_CORE, [process.execPath, "--input-type=module", "--eval", code]);
  const cwd = join(import.meta.dirname, "../..");
  return JSON.parse(execFileSync(command, args, { cwd, encoding: "utf8" }));
}

function shareOfExpress(times: readonly ImportTimes[]) {
  return spreadOf(times.map(({ packagesMs, expressMs }) => packagesMs / expressMs));
}
