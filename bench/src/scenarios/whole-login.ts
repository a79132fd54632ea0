import type { Bench, Findings } from "../bench.js";
import { CONTESTANTS } from "../contestants.js";
import { measureInRounds } from "../rounds.js";
import type { ServerProcess } from "../server-process.js";
import { sideBySide } from "../side-by-side.js";
import { comparisonTable, cpuAim } from "../tables.js";
import { connectTo, Visitor } from "../visitor.js";

const AT_A_TIME = 8;

/** Login page, consent, callback and profile, of visitors who come for the first time. */
export async function wholeLogin({ simulator, extent, start, users }: Bench): Promise<Findings> {
  const servers = await Promise.all(CONTESTANTS.map(({ name }) => start(name)));
  const pools = new Map(servers.map((server) => [server, connectTo(server.url, AT_A_TIME)]));

  async function signIn(server: ServerProcess): Promise<number> {
    const pool = pools.get(server);
    if (!pool) return 0;
    const signingIn = users(extent.loginsInRound);
    await sideBySide(signingIn, AT_A_TIME, (user) => new Visitor(pool).signIn(simulator, user));
    return signingIn.length;
  }
  const measured = await measureInRounds(servers, extent.wholeLogin, async (server) => {
    await server.ask("forgetSessions");
    simulator.clearRequests();
    return signIn(server);
  });
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  await Promise.all(servers.map((server) => server.stop()));
  return {
    title: "A whole login",
    markdown: comparisonTable(measured, "login"),
    aims: [cpuAim("whole login", measured, "passport-discord", 1)],
  };
}
