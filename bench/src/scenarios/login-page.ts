import type { Bench, Findings } from "../bench.js";
import { CONTESTANTS } from "../contestants.js";
import { measureInRounds } from "../rounds.js";
import type { ServerProcess } from "../server-process.js";
import { sideBySide } from "../side-by-side.js";
import { comparisonTable, cpuAim } from "../tables.js";
import { connectTo } from "../visitor.js";

const CONNECTIONS = 8;

/** `/login`, opened by visitors who come for the first time, and by every crawler. */
export async function loginPage({ extent, start }: Bench): Promise<Findings> {
  const servers = await Promise.all(CONTESTANTS.map(({ name }) => start(name)));
  const pools = new Map(servers.map((server) => [server, connectTo(server.url, CONNECTIONS)]));
  const written = new Map<string, number>();

  async function openLogin(server: ServerProcess): Promise<number> {
    const visits = Array.from({ length: extent.loginPagesInRound });
    await sideBySide(visits, CONNECTIONS, async () => {
      const answer = await pools.get(server)?.request({ method: "GET", path: "/login" });
      await answer?.body.dump();
      if (answer?.statusCode !== 302) throw new Error(`The login was answered with ${answer?.statusCode}.`);
    });
    return visits.length;
  }
  for (const server of servers) {
    await openLogin(server);
    written.set(server.contestant, await server.ask("sessionCount"));
  }
  const measured = await measureInRounds(servers, extent.loginPage, async (server) => {
    await server.ask("forgetSessions");
    return openLogin(server);
  });
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  await Promise.all(servers.map((server) => server.stop()));

  const sessions = written.get("express-discord") ?? Number.NaN;
  return {
    title: "`/login`, for a new visitor",
    markdown: comparisonTable(measured, "login page"),
    aims: [
      cpuAim("`/login` for a new visitor", measured, "bare", 1),
      {
        what: `sessions written by ${extent.loginPagesInRound} new visitors at \`/login\``,
        mustReach: "0",
        reached: `${sessions} (bare: ${written.get("bare")})`,
        isReached: sessions === 0,
        isExact: true,
      },
    ],
  };
}
