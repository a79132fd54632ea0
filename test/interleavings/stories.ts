import type { Cluster, Process } from "./cluster.js";
import type { Scene, Story } from "./explorer.js";
import {
  ask,
  checkRevoked,
  checkSignedIn,
  checkSignedOut,
  codeOf,
  expiredVisitor,
  isEnded,
  READER,
  SETUP,
  sentOnce,
  signOut,
} from "./visitor.js";
import { type Outcome, Violation } from "./world.js";

/** Several processes find the same expired pair. */
export const refreshAndRefresh = refreshes("A", "B");

export const threeRefreshes = refreshes("A", "B", "C");

function refreshes(...names: string[]): Story {
  return {
    name: names.map(() => "refresh").join(" ‖ "),
    processes: [SETUP, ...names, READER],
    unwritten: ["ended"],
    hasOldSessions: true,
    async begin(cluster) {
      const visitor = await expiredVisitor(cluster);
      const { world } = cluster;
      return {
        scripts: names.map((name) => async () => {
          world.outcomes.set(name, await ask(cluster.process(name), visitor.cookie));
        }),
        check: () => checkSignedIn(cluster, visitor),
      };
    },
  };
}

/** The store rejects a write of one process. The other process starts when the first has its response. */
export const refreshAfterFailure: Story = {
  name: "refresh whose write fails, then another refresh",
  processes: [SETUP, "A", "B", READER],
  unwritten: ["ended"],
  hasOldSessions: true,
  mayFail: ["B"],
  // By the clock of A, which is ahead, B's pair has already expired.
  accessTokenSeconds: 1,
  async begin(cluster) {
    const visitor = await expiredVisitor(cluster);
    const { world } = cluster;
    return {
      scripts: [
        async () => {
          await world.event("B is done").happened;
          world.outcomes.set("A", await ask(cluster.process("A"), visitor.cookie));
        },
        async () => {
          world.outcomes.set("B", await ask(cluster.process("B"), visitor.cookie));
          world.event("B is done").happen();
        },
      ],
      async check() {
        if (isEnded(world.outcomes.get("A")?.what))
          throw new Violation("A was told that the sign-in has ended.");
        await checkSignedIn(cluster, visitor);
      },
    };
  },
};

/** With the option `lock`. */
export const refreshAndRefreshUnderLock: Story = {
  ...sentOnce(refreshAndRefresh),
  name: "refresh ‖ refresh, under a lock",
  withLock: true,
};

export const refreshAndRefreshOnFastStore: Story = {
  ...sentOnce(refreshAndRefresh),
  name: "refresh ‖ refresh, on a fast store",
  hasFastStore: true,
};

export const refreshAndSignOut = signOutDuringRefresh(false, false);
export const refreshAndSignOutEverywhere = signOutDuringRefresh(true, false);
export const refreshAndSignOutAndReader = signOutDuringRefresh(false, true);
export const refreshAndSignOutEverywhereAndReader = signOutDuringRefresh(true, true);

/** One process refreshes while another signs out. A third may read once the sign-out was answered. */
function signOutDuringRefresh(everywhere: boolean, withReader: boolean): Story {
  return {
    name: `refresh ‖ sign-out${everywhere ? " everywhere" : ""}${withReader ? " ‖ later reader" : ""}`,
    processes: [SETUP, "A", "B", ...(withReader ? ["C"] : []), READER],
    hasOldSessions: true,
    async begin(cluster): Promise<Scene> {
      const { cookie, grantId } = await expiredVisitor(cluster);
      const { world } = cluster;
      return {
        scripts: [
          async () => void world.outcomes.set("A", await ask(cluster.process("A"), cookie)),
          async () => {
            world.outcomes.set("B", await signOut(cluster.process("B"), cookie, everywhere));
            world.event("signed out").happen();
          },
          ...(withReader ? [() => readLater(cluster, cookie)] : []),
        ],
        async check() {
          const isAnswered = world.outcomes.get("B")?.what === "out";
          if (isAnswered || world.records.markerOf(grantId)) await checkSignedOut(cluster, cookie);
          if (isAnswered && everywhere && !cluster.turns.hadDeath) await checkRevoked(cluster);
        },
      };
    },
  };
}

/** A request that has loaded the session writes all of it back when it ends, whatever has changed meanwhile. */
async function writeSlowly({ discord, handle, pause }: Process, former: string): Promise<Outcome> {
  let what = "in";
  const cookie = await handle({ url: "/", cookie: former }, async (req) => {
    await discord.grantedScopes(req).catch((error: unknown) => {
      what = codeOf(error);
    });
    await pause("works on");
    Object.assign(req.session, { visits: 1 });
  });
  return { what, cookie };
}

/** One process refreshes while a request in another one holds an old session. */
export const refreshAndSlowWriter: Story = {
  name: "refresh ‖ slow session writer",
  processes: [SETUP, "A", "B", READER],
  unwritten: ["ended"],
  async begin(cluster) {
    const visitor = await expiredVisitor(cluster);
    const { world } = cluster;
    return {
      scripts: [
        async () => void world.outcomes.set("A", await ask(cluster.process("A"), visitor.cookie)),
        async () => void world.outcomes.set("B", await writeSlowly(cluster.process("B"), visitor.cookie)),
      ],
      check: () => checkSignedIn(cluster, visitor),
    };
  },
};

/** One process signs out while a request in another one holds an old session. */
export const signOutAndSlowWriter: Story = {
  name: "sign-out ‖ slow session writer",
  processes: [SETUP, "A", "B", READER],
  async begin(cluster) {
    const { cookie } = await expiredVisitor(cluster);
    const { world } = cluster;
    return {
      scripts: [
        async () => void world.outcomes.set("A", await signOut(cluster.process("A"), cookie, false)),
        async () => void world.outcomes.set("B", await writeSlowly(cluster.process("B"), cookie)),
      ],
      async check() {
        if (world.outcomes.get("A")?.what === "out") await checkSignedOut(cluster, cookie);
      },
    };
  },
};

async function readLater(cluster: Cluster, cookie: string): Promise<void> {
  await cluster.world.event("signed out").happened;
  const { what } = await ask(cluster.process("C"), cookie);
  if (what === "in") throw new Violation("A reader that came after the sign-out was signed in.");
}
