import { digestOf } from "../../src/digest.js";
import type { Cluster, Process } from "./cluster.js";
import type { Scene, Story } from "./explorer.js";
import {
  checkSignedOut,
  codeOf,
  expiredVisitor,
  finallySeen,
  isEnded,
  READER,
  SETUP,
  sentOnce,
  signOut,
} from "./visitor.js";
import { type Outcome, Violation } from "./world.js";

const GREETING = "hello";

/** A visitor who returns from Discord. */
interface Return {
  readonly url: string;
  readonly cookie: string;
  readonly userId: string;
}

export const callbackAndCallback = callbacks(false, "A", "B");
export const refusedCallbackAndCallback = callbacks(true, "A", "B");
export const threeCallbacks = callbacks(false, "A", "B", "C");
export const threeRefusedCallbacks = callbacks(true, "A", "B", "C");

export const callbackAndCallbackOnFastStore: Story = {
  ...sentOnce(callbackAndCallback),
  name: "callback ‖ callback, on a fast store",
  hasFastStore: true,
};

/** Several processes get the same callback. `onLogin` may turn everybody away. */
function callbacks(isRefused: boolean, ...names: string[]): Story {
  return {
    name: names.map(() => "callback").join(" ‖ ") + (isRefused ? ", turned away" : ""),
    processes: [SETUP, ...names, READER],
    async begin(cluster): Promise<Scene> {
      const back = await returnFromDiscord(cluster, "", "the grant");
      const { world, turns } = cluster;
      return {
        scripts: names.map((name) => async () => {
          world.outcomes.set(name, await complete(cluster.process(name), back, isRefused));
        }),
        async check() {
          if (world.calls.length > 1 && !turns.hadMishap) throw new Violation("onLogin was called twice.");
          const exchanges = world.sent.filter(
            ({ kind, outcome }) => kind === "exchange" && outcome !== "refused",
          );
          if (exchanges.length > 1) throw new Violation("The code was exchanged twice.");
          for (const [name, { what, cookie }] of world.outcomes) {
            if (isRefused) {
              if (what === "in")
                throw new Violation(`${name} was signed in although onLogin turned it away.`);
              await checkSignedOut(cluster, cookie);
            } else if (what === "in") await checkGreeted(cluster, cookie, back.userId);
            else if (!turns.hadMishap) throw new Violation(`${name} was told ${what}.`);
          }
        },
      };
    },
  };
}

/** A visitor logs in again in one process and signs out the previous sign-in in another. */
export const callbackAndSignOut: Story = {
  name: "callback ‖ sign-out of the former sign-in",
  processes: [SETUP, "A", "B", READER],
  async begin(cluster) {
    const former = await expiredVisitor(cluster, "the former grant");
    const back = await returnFromDiscord(cluster, former.cookie, "the grant");
    const { world, turns } = cluster;
    return {
      scripts: [
        async () => {
          world.outcomes.set("A", await complete(cluster.process("A"), back, false));
        },
        async () => {
          world.outcomes.set("B", await signOut(cluster.process("B"), former.cookie, false));
        },
      ],
      async check() {
        const login = world.outcomes.get("A");
        if (world.outcomes.get("B")?.what === "out") await checkSignedOut(cluster, former.cookie);
        if (login?.what === "in") await checkGreeted(cluster, login.cookie, back.userId);
        else if (!turns.hadMishap) throw new Violation(`A was told ${login?.what}.`);
      },
    };
  },
};

/** A visitor signs out while the callback that signed them in is repeated. */
export const repeatedCallbackAndSignOut: Story = {
  name: "repeated callback ‖ sign-out",
  processes: [SETUP, "A", "B", READER],
  async begin(cluster) {
    const back = await returnFromDiscord(cluster, "", "the grant");
    const first = await cluster.unheld(SETUP, (setup) => complete(setup, back, false));
    const { world } = cluster;
    return {
      scripts: [
        async () => {
          world.outcomes.set("A", await complete(cluster.process("A"), back, false));
        },
        async () => {
          world.outcomes.set("B", await signOut(cluster.process("B"), first.cookie, false));
        },
      ],
      async check() {
        const repeated = world.outcomes.get("A");
        if (world.outcomes.get("B")?.what !== "out") return;
        await checkSignedOut(cluster, first.cookie);
        if (repeated) await checkSignedOut(cluster, repeated.cookie);
      },
    };
  },
};

/** Starts a login and approves it. */
async function returnFromDiscord(cluster: Cluster, cookie: string, name: string): Promise<Return> {
  const { simulator, world } = cluster;
  const user = simulator.addUser();
  world.records.name(user.id, `the user of ${name}`);
  // Discord redirects those who have let the app in before without a page, which would cost as much as a login.
  simulator.issueToken(user, ["identify"]);
  let authorizationUrl = "";
  const cookies = await cluster.unheld(SETUP, ({ discord, handle }) =>
    handle({ url: "/login", cookie }, async (req, res) => {
      authorizationUrl = await discord.authorizationUrl(req, res, { prompt: false });
    }),
  );
  const { pathname, search, searchParams } = new URL(await simulator.approve(authorizationUrl, { user }));
  const code = searchParams.get("code") ?? "";
  world.records.name(code, "the code");
  world.records.nameGrant(grantIdOf(searchParams.get("state") ?? "", code), name);
  return { url: pathname + search, cookie: cookies, userId: user.id };
}

/** Returns the grant's name in the library. A wrong name would be noticed, because no other key has a role. */
function grantIdOf(state: string, code: string): string {
  return digestOf(`grant\n${state}\n${code}`).slice(0, 24);
}

async function complete(
  { discord, handle, pause }: Process,
  { url, cookie }: Return,
  isRefused: boolean,
): Promise<Outcome> {
  let what = "in";
  const cookies = await handle({ url, cookie }, async (req, res) => {
    const onLogin = async () => {
      await pause("onLogin");
      if (isRefused) throw new Error("turned away");
      Object.assign(req.session, { greeting: GREETING });
    };
    await discord.callback(req, res, { onLogin }).catch((error: unknown) => {
      what = codeOf(error);
    });
  });
  return { what, cookie: cookies };
}

/** Checks that the session is signed in as this user and has what `onLogin` stored there. */
async function checkGreeted(cluster: Cluster, cookie: string, userId: string): Promise<void> {
  const seen = await finallySeen(cluster, cookie);
  if (seen !== userId && !(isEnded(seen) && cluster.turns.mayBeLost))
    throw new Violation(`A later reader finds ${seen}.`);
  let greeting: unknown;
  await cluster.unheld(READER, ({ handle }) =>
    handle({ url: "/", cookie }, async (req) => {
      greeting = (req.session as { greeting?: unknown }).greeting;
    }),
  );
  if (greeting !== GREETING) throw new Violation("A session lacks what onLogin has put there.");
}
