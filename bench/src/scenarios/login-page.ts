import type { Pool } from "undici";
import type { Bench, Findings } from "../bench.js";
import { measureInRounds } from "../rounds.js";
import { sideBySide } from "../side-by-side.js";
import { comparisonTable, cpuAim } from "../tables.js";

const CONNECTIONS = 8;

/** `/login`, opened by visitors who come for the first time, and by every crawler. */
export async function loginPage(bench: Bench): Promise<Findings> {
  const { loginPage, loginPagesInRound } = bench.extent;
  const written = new Map<string, number>();

  const measured = await measureInRounds(bench, loginPage, async (server) => {
    const pool = server.connect(CONNECTIONS);
    await openLogin(pool, loginPagesInRound);
    written.set(server.contestant, await server.ask("sessionCount"));
    return async () => {
      await server.ask("forgetSessions");
      await openLogin(pool, loginPagesInRound);
      return loginPagesInRound;
    };
  });

  const sessions = written.get("express-discord");
  return {
    title: "`/login`, for a new visitor",
    markdown: comparisonTable(measured, "login page"),
    aims: [
      cpuAim("`/login` for a new visitor", measured, "bare", 1),
      {
        what: `sessions written by ${loginPagesInRound} new visitors at \`/login\``,
        mustReach: "0",
        reached: `${sessions} (bare: ${written.get("bare")})`,
        isReached: sessions === 0,
        isExact: true,
      },
    ],
  };
}

async function openLogin(pool: Pool, times: number): Promise<void> {
  await sideBySide(Array.from({ length: times }), CONNECTIONS, async () => {
    const { statusCode, body } = await pool.request({ method: "GET", path: "/login" });
    await body.dump();
    if (statusCode !== 302) throw new Error(`The login was answered with ${statusCode}.`);
  });
}
