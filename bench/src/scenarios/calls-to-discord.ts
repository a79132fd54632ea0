import type { Pool } from "undici";
import type { Aim, Bench, Findings } from "../bench.js";
import type { ServerProcess } from "../server-process.js";
import { sideBySide } from "../side-by-side.js";
import { markdownTable } from "../tables.js";
import { type SimulatedUser, Visitor } from "../visitor.js";

const VIEWS = 1000;
const COLD_VIEWS = 200;
const USERS = 1000;
const VIEWS_OF_EACH = 3;
const VIEWS_AFTER_EXPIRY = 50;
const SHORT_LIFE_SECONDS = 1;

/** What Discord has to answer: this library alone, since the others never ask again. */
export async function callsToDiscord(bench: Bench): Promise<Findings> {
  const server = await bench.start("express-discord");
  const pool = server.connect(COLD_VIEWS);
  const aims = [
    await viewsOfOneUser(bench, pool),
    await coldViews(bench, server, pool),
    await usersInTurn(bench, server, pool),
    await viewsAfterExpiry(bench, pool),
  ];
  await server.stop();
  const rows = aims.map(({ what, mustReach, reached }) => [what, mustReach, reached]);
  return { title: "Calls to Discord", markdown: markdownTable(["", "aim", "counted"], rows), aims };
}

async function viewsOfOneUser({ simulator, users }: Bench, pool: Pool): Promise<Aim> {
  const [user] = users(1);
  simulator.clearRequests();
  const visitor = await signIn(simulator, pool, user);
  await view(visitor, VIEWS, 8);
  return counted(`calls for the user, a login and ${VIEWS} views`, 1, callsForUsers(simulator));
}

async function coldViews({ simulator, users }: Bench, server: ServerProcess, pool: Pool): Promise<Aim> {
  const [user] = users(1);
  const visitor = await signIn(simulator, pool, user);
  await server.ask("forgetUsers");
  simulator.clearRequests();
  await view(visitor, COLD_VIEWS, COLD_VIEWS);
  return counted(`calls for the user, ${COLD_VIEWS} cold views at once`, 1, callsForUsers(simulator));
}

async function usersInTurn({ simulator, users }: Bench, server: ServerProcess, pool: Pool): Promise<Aim> {
  const visitors = await sideBySide(users(USERS), 8, (user) => signIn(simulator, pool, user));
  await server.ask("forgetUsers");
  simulator.clearRequests();
  for (let turn = 0; turn < VIEWS_OF_EACH; turn++) {
    await sideBySide(visitors, 8, (visitor) => view(visitor, 1, 1));
  }
  const what = `calls for the users, ${USERS} of them viewing ${VIEWS_OF_EACH} times in turn`;
  return counted(what, USERS, callsForUsers(simulator));
}

async function viewsAfterExpiry({ simulator, users }: Bench, pool: Pool): Promise<Aim> {
  const [user] = users(1);
  const { behaviour } = simulator;
  const usual = behaviour.accessTokenSeconds;
  behaviour.accessTokenSeconds = SHORT_LIFE_SECONDS;
  const visitor = await signIn(simulator, pool, user);
  behaviour.accessTokenSeconds = usual;
  await new Promise((resolve) => setTimeout(resolve, SHORT_LIFE_SECONDS * 1000));

  simulator.clearRequests();
  const failures = await view(visitor, VIEWS_AFTER_EXPIRY, VIEWS_AFTER_EXPIRY);
  const refreshes = simulator.requestsTo("POST /oauth2/token").length;
  return {
    what: `${VIEWS_AFTER_EXPIRY} views at once with an expired token`,
    mustReach: "1 refresh, 0 failures",
    reached: `${refreshes} refresh, ${failures} failures`,
    isReached: refreshes === 1 && failures === 0,
    isExact: true,
  };
}

async function signIn(
  simulator: Bench["simulator"],
  pool: Pool,
  user: SimulatedUser | undefined,
): Promise<Visitor> {
  if (!user) throw new Error("There is nobody to sign in.");
  const visitor = new Visitor(pool);
  await visitor.signIn(simulator, user);
  return visitor;
}

/** @returns how many of the views failed */
async function view(visitor: Visitor, times: number, atATime: number): Promise<number> {
  const pages = await sideBySide(Array.from({ length: times }), atATime, () => visitor.get("/me"));
  return pages.filter(({ status }) => status !== 200).length;
}

function callsForUsers(simulator: Bench["simulator"]): number {
  return simulator.requestsTo("GET /users/@me").length;
}

function counted(what: string, wanted: number, calls: number): Aim {
  return {
    what,
    mustReach: String(wanted),
    reached: String(calls),
    isReached: calls === wanted,
    isExact: true,
  };
}
