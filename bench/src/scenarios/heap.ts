import type { Pool } from "undici";
import type { Bench, Findings } from "../bench.js";
import { type ContestantName, titleOf } from "../contestants.js";
import { sideBySide } from "../side-by-side.js";
import { markdownTable } from "../tables.js";
import { type SimulatedUser, Visitor } from "../visitor.js";

const AT_A_TIME = 8;
const WARM_UP = 50;
const MOST_BYTES = 2048;

type Visit = (pool: Pool, user: SimulatedUser) => Promise<unknown>;

/** What the others keep is what bare Express keeps. */
const COMPARED: readonly ContestantName[] = ["bare", "passport-discord", "express-discord"];

/** What a signed-in user keeps in memory, the session included, beside a session that holds next to nothing. */
export async function heap(bench: Bench): Promise<Findings> {
  const { simulator, extent } = bench;
  const plain = await bytesPerVisitor(bench, "express-discord", (pool) => new Visitor(pool).get("/plain"));
  const rows: string[][] = [["a plain session", plain.toFixed(0), "0"]];
  let ours = Number.NaN;
  for (const name of COMPARED) {
    const bytes = await bytesPerVisitor(bench, name, (pool, user) =>
      new Visitor(pool).signIn(simulator, user),
    );
    rows.push([titleOf(name), bytes.toFixed(0), (bytes - plain).toFixed(0)]);
    if (name === "express-discord") ours = bytes - plain;
  }
  const count = extent.visitorsInHeap.toLocaleString("en-US");
  return {
    title: `Live heap, after ${count} logins with their profile pages`,
    markdown: markdownTable(["", "bytes a user", "beyond a plain session"], rows),
    aims: [
      {
        what: `live heap a signed-in user, ${count} of them, beyond a plain session`,
        mustReach: `${MOST_BYTES} bytes`,
        reached: `${ours.toFixed(0)} bytes`,
        isReached: ours <= MOST_BYTES,
      },
    ],
  };
}

async function bytesPerVisitor(
  { simulator, extent, start, users }: Bench,
  name: string,
  visit: Visit,
): Promise<number> {
  const server = await start(name);
  const pool = server.connect(AT_A_TIME);
  const coming = users(WARM_UP + extent.visitorsInHeap);
  const come = async (some: readonly SimulatedUser[]) => {
    await sideBySide(some, AT_A_TIME, (user) => visit(pool, user));
    simulator.clearRequests();
    return server.ask("heapBytes");
  };
  const before = await come(coming.slice(0, WARM_UP));
  const after = await come(coming.slice(WARM_UP));
  await server.stop();
  return (after - before) / extent.visitorsInHeap;
}
