import type { Pool } from "undici";
import type { Bench, Findings } from "../bench.js";
import { CONTESTANTS } from "../contestants.js";
import { type Measured, measureInRounds } from "../rounds.js";
import type { ServerProcess } from "../server-process.js";
import { sideBySide } from "../side-by-side.js";
import { comparisonTable, cpuAim } from "../tables.js";
import { connectTo, Visitor } from "../visitor.js";

const CONNECTIONS = [8, 32];
const HIGHEST_RATIO = 1.03;

/** A page behind the guard that shows the user, who is known already: what an app serves most. */
export async function guardedPage(bench: Bench): Promise<Findings> {
  const servers = await Promise.all(CONTESTANTS.map(({ name }) => bench.start(name)));
  const cookies = new Map<ServerProcess, readonly string[]>();
  for (const server of servers) cookies.set(server, await signInMany(bench, server));

  const parts: string[] = [];
  const aims = [];
  for (const connections of CONNECTIONS) {
    const measured = await viewInRounds(bench, servers, cookies, connections);
    parts.push(`${connections} connections:\n\n${comparisonTable(measured, "page")}`);
    aims.push(cpuAim(`guarded page, ${connections} connections`, measured, "bare", HIGHEST_RATIO));
  }
  await Promise.all(servers.map((server) => server.stop()));
  return { title: "A guarded page, the user known", markdown: parts.join("\n\n"), aims };
}

/** @returns the cookies of each visitor */
async function signInMany({ simulator, extent, users }: Bench, server: ServerProcess): Promise<string[]> {
  const pool = connectTo(server.url, 8);
  const cookies = await sideBySide(users(extent.signedInVisitors), 8, async (user) => {
    const visitor = new Visitor(pool);
    await visitor.signIn(simulator, user);
    return visitor.cookieHeader;
  });
  await pool.close();
  return cookies;
}

async function viewInRounds(
  { extent }: Bench,
  servers: readonly ServerProcess[],
  cookies: ReadonlyMap<ServerProcess, readonly string[]>,
  connections: number,
): Promise<Measured[]> {
  const pools = new Map(servers.map((server) => [server, connectTo(server.url, connections)]));
  async function view(server: ServerProcess): Promise<number> {
    const [pool, visitors = []] = [pools.get(server), cookies.get(server)];
    if (!pool) return 0;
    const turns = Array.from(
      { length: extent.viewsInRound },
      (_, turn) => visitors[turn % visitors.length] ?? "",
    );
    await sideBySide(turns, connections, (cookie) => viewPage(pool, cookie));
    return turns.length;
  }
  const measured = await measureInRounds(servers, extent.guardedPage, view);
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  return measured;
}

async function viewPage(pool: Pool, cookie: string): Promise<void> {
  const { statusCode, body } = await pool.request({ method: "GET", path: "/me", headers: { cookie } });
  await body.dump();
  if (statusCode !== 200) throw new Error(`The page was answered with ${statusCode}.`);
}
