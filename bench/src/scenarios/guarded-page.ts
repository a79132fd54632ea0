import type { Pool } from "undici";
import type { Bench, Findings } from "../bench.js";
import { type Measured, measureInRounds } from "../rounds.js";
import { sideBySide } from "../side-by-side.js";
import { comparisonTable, cpuAim } from "../tables.js";
import { Visitor } from "../visitor.js";

const CONNECTIONS = [8, 32];
const HIGHEST_RATIO = 1.03;

/** A page behind the guard that shows the user, who is known already: what an app serves most. */
export async function guardedPage(bench: Bench): Promise<Findings> {
  const parts: string[] = [];
  const aims = [];
  for (const connections of CONNECTIONS) {
    const measured = await viewInRounds(bench, connections);
    parts.push(`${connections} connections:\n\n${comparisonTable(measured, "page")}`);
    aims.push(cpuAim(`guarded page, ${connections} connections`, measured, "bare", HIGHEST_RATIO));
  }
  return { title: "A guarded page, the user known", markdown: parts.join("\n\n"), aims };
}

async function viewInRounds(bench: Bench, connections: number): Promise<Measured[]> {
  const { guardedPage, viewsInRound } = bench.extent;
  return measureInRounds(bench, guardedPage, async (server) => {
    const pool = server.connect(connections);
    const cookies = await signInMany(bench, pool);
    const views = Array.from({ length: viewsInRound }, (_, view) => cookies[view % cookies.length] ?? "");
    return async () => {
      await sideBySide(views, connections, (cookie) => viewPage(pool, cookie));
      return views.length;
    };
  });
}

/** @returns the cookies of each visitor */
async function signInMany({ simulator, extent, users }: Bench, pool: Pool): Promise<string[]> {
  return sideBySide(users(extent.signedInVisitors), 8, async (user) => {
    const visitor = new Visitor(pool);
    await visitor.signIn(simulator, user);
    return visitor.cookieHeader;
  });
}

async function viewPage(pool: Pool, cookie: string): Promise<void> {
  const { statusCode, body } = await pool.request({ method: "GET", path: "/me", headers: { cookie } });
  await body.dump();
  if (statusCode !== 200) throw new Error(`The page was answered with ${statusCode}.`);
}
