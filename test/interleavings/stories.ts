import type { Cluster } from "./cluster.js";
import type { Scene, Story } from "./explorer.js";
import {
  ask,
  checkRevoked,
  checkSentOnce,
  checkSignedIn,
  checkSignedOut,
  expiredVisitor,
  isEnded,
  READER,
  SETUP,
  signOut,
} from "./visitor.js";
import { Violation } from "./world.js";

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

/** The store rejects a write of the first process; the second one comes when the first has its answer. */
export const refreshAfterFailure: Story = {
  name: "refresh whose write fails, then another refresh",
  processes: [SETUP, "A", "B", READER],
  unwritten: ["ended"],
  hasOldSessions: true,
  mayFail: ["A"],
  async begin(cluster) {
    const visitor = await expiredVisitor(cluster);
    const { world } = cluster;
    return {
      scripts: [
        async () => {
          world.outcomes.set("A", await ask(cluster.process("A"), visitor.cookie));
          world.event("A is done").happen();
        },
        async () => {
          await world.event("A is done").happened;
          world.outcomes.set("B", await ask(cluster.process("B"), visitor.cookie));
        },
      ],
      async check() {
        if (isEnded(world.outcomes.get("B"))) throw new Violation("B was told that the sign-in has ended.");
        await checkSignedIn(cluster, visitor);
      },
    };
  },
};

/** With `lock`. */
export const refreshAndRefreshUnderLock: Story = {
  ...refreshAndRefresh,
  name: "refresh ‖ refresh, under a lock",
  withLock: true,
  async begin(cluster) {
    const { scripts, check } = await refreshAndRefresh.begin(cluster);
    return {
      scripts,
      async check() {
        checkSentOnce(cluster);
        await check();
      },
    };
  },
};

export const refreshAndSignOut = signOutDuringRefresh(false, false);
export const refreshAndSignOutEverywhere = signOutDuringRefresh(true, false);
export const refreshAndSignOutAndReader = signOutDuringRefresh(false, true);
export const refreshAndSignOutEverywhereAndReader = signOutDuringRefresh(true, true);

/** One process refreshes while another signs out, and a third may look once the sign-out was answered. */
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
          async () => void (await ask(cluster.process("A"), cookie)),
          async () => {
            world.outcomes.set("B", await signOut(cluster.process("B"), cookie, everywhere));
            world.event("signed out").happen();
          },
          ...(withReader ? [() => readLater(cluster, cookie)] : []),
        ],
        async check() {
          const isAnswered = world.outcomes.get("B") === "out";
          if (isAnswered || world.records.markerOf(grantId)) await checkSignedOut(cluster, cookie);
          if (isAnswered && everywhere && !cluster.turns.hadDeath) await checkRevoked(cluster);
        },
      };
    },
  };
}

async function readLater(cluster: Cluster, cookie: string): Promise<void> {
  await cluster.world.event("signed out").happened;
  const outcome = await ask(cluster.process("C"), cookie);
  if (outcome === "in") throw new Violation("A reader that came after the sign-out was signed in.");
}
