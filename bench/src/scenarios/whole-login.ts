import type { Bench, Findings } from "../bench.js";
import { measureInRounds } from "../rounds.js";
import { sideBySide } from "../side-by-side.js";
import { comparisonTable, cpuAim } from "../tables.js";
import { Visitor } from "../visitor.js";

const AT_A_TIME = 8;

/** Login page, consent, callback and profile, of visitors who come for the first time. */
export async function wholeLogin(bench: Bench): Promise<Findings> {
  const { simulator, extent } = bench;
  const users = bench.users(extent.loginsInRound);

  const measured = await measureInRounds(bench, extent.wholeLogin, async (server) => {
    const pool = server.connect(AT_A_TIME);
    return async () => {
      await server.ask("forgetSessions");
      simulator.clearRequests();
      await sideBySide(users, AT_A_TIME, (user) => new Visitor(pool).signIn(simulator, user));
      return users.length;
    };
  });
  return {
    title: "A whole login",
    markdown: comparisonTable(measured, "login"),
    aims: [cpuAim("whole login", measured, "passport-discord", 1)],
  };
}
