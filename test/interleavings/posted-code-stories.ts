import { digestOf } from "../../src/digest.js";
import { mobileCode } from "../support/mobile-code.js";
import type { Cluster, Process } from "./cluster.js";
import type { Story } from "./explorer.js";
import { checkSignedOut, codeOf, expiredVisitor, finallySeen, READER, SETUP, signOut } from "./visitor.js";
import { type Outcome, Violation } from "./world.js";

const VERIFIER = "v".repeat(43);

/** A code that a client got without a redirect to the app. */
interface PostedCode {
  readonly options: { readonly code: string; readonly codeVerifier?: string; readonly redirectUri?: string };
  readonly userId: string;
}

/** Two processes get the same code of a mobile app. Its verifier proves that it is the same client. */
export const mobileCodeTwice = codeTwice("mobile app's", postFromMobile);
/** Two processes get the same code of an Activity. Nothing proves that it is the same client. */
export const activityCodeTwice = codeTwice("Activity's", postFromActivity);

function codeTwice(whose: string, create: (cluster: Cluster) => Promise<PostedCode>): Story {
  return {
    name: `${whose} code ‖ ${whose} code`,
    processes: [SETUP, "A", "B", READER],
    async begin(cluster) {
      const posted = await create(cluster);
      const { world, turns } = cluster;
      return {
        scripts: ["A", "B"].map((name) => async () => {
          world.outcomes.set(name, await post(cluster.process(name), posted, ""));
        }),
        async check() {
          const exchanges = world.sent.filter(
            ({ kind, outcome }) => kind === "exchange" && outcome !== "refused",
          );
          if (exchanges.length > 1) throw new Violation("The code was exchanged twice.");
          if (world.calls.length > 1 && !turns.hadMishap) throw new Violation("onLogin was called twice.");
          const outcomes = [...world.outcomes.values()];
          const isIn = outcomes.map(({ what }) => what === "in");
          const isEnough = create === postFromMobile ? isIn.every(Boolean) : isIn.some(Boolean);
          if (!isEnough && !turns.hadMishap)
            throw new Violation(`The clients were told ${outcomes.map(({ what }) => what)}.`);
          for (const { what, cookie } of outcomes) {
            if (what !== "in") await checkSignedOut(cluster, cookie);
            else await checkSignedIn(cluster, cookie, posted);
          }
        },
      };
    },
  };
}

/** The session that a code created sends the code again in one process and signs out in another. */
export const codeAndSignOut: Story = {
  name: "code sent again ‖ sign-out",
  processes: [SETUP, "A", "B", READER],
  async begin(cluster) {
    const posted = await postFromActivity(cluster);
    const first = await cluster.unheld(SETUP, (setup) => post(setup, posted, ""));
    const { world } = cluster;
    return {
      scripts: [
        async () => {
          world.outcomes.set("A", await post(cluster.process("A"), posted, first.cookie));
        },
        async () => {
          world.outcomes.set("B", await signOut(cluster.process("B"), first.cookie, false));
        },
      ],
      async check() {
        const again = world.outcomes.get("A");
        if (world.outcomes.get("B")?.what !== "out") return;
        await checkSignedOut(cluster, first.cookie);
        if (again) await checkSignedOut(cluster, again.cookie);
      },
    };
  },
};

/** A code signs in again in one process, and the previous sign-in is signed out in another. */
export const codeAndFormerSignOut: Story = {
  name: "code ‖ sign-out of the former sign-in",
  processes: [SETUP, "A", "B", READER],
  async begin(cluster) {
    const former = await expiredVisitor(cluster, "the former grant");
    const posted = await postFromActivity(cluster);
    const { world, turns } = cluster;
    return {
      scripts: [
        async () => {
          world.outcomes.set("A", await post(cluster.process("A"), posted, former.cookie));
        },
        async () => {
          world.outcomes.set("B", await signOut(cluster.process("B"), former.cookie, false));
        },
      ],
      async check() {
        const outcome = world.outcomes.get("A");
        if (world.outcomes.get("B")?.what === "out") await checkSignedOut(cluster, former.cookie);
        if (outcome?.what === "in") await checkSignedIn(cluster, outcome.cookie, posted);
        else if (!turns.hadMishap) throw new Violation(`A was told ${outcome?.what}.`);
      },
    };
  },
};

async function postFromActivity(cluster: Cluster): Promise<PostedCode> {
  const user = cluster.simulator.addUser();
  const code = cluster.simulator.authorizeInActivity(user);
  return named(cluster, { options: { code }, userId: user.id });
}

async function postFromMobile(cluster: Cluster): Promise<PostedCode> {
  const user = cluster.simulator.addUser();
  return named(cluster, { options: await mobileCode(cluster.simulator, user, VERIFIER), userId: user.id });
}

/** Returns the grant's name in the library. A wrong name would be noticed, because no other key has a role. */
function named({ world }: Cluster, posted: PostedCode): PostedCode {
  const { code, codeVerifier, redirectUri } = posted.options;
  world.records.name(posted.userId, "the user of the code");
  world.records.name(code, "the code");
  const secret = ["posted", redirectUri, codeVerifier, code].join("\n");
  world.records.nameGrant(digestOf(secret).slice(0, 24), "the grant");
  return posted;
}

async function post(
  { discord, handle, pause }: Process,
  { options }: PostedCode,
  cookie: string,
): Promise<Outcome> {
  let what = "in";
  const cookies = await handle({ url: "/code", cookie, method: "POST" }, async (req) => {
    await discord
      .signInWithCode(req, { ...options, onLogin: () => pause("onLogin") })
      .catch((error: unknown) => {
        what = codeOf(error);
      });
  });
  return { what, cookie: cookies };
}

async function checkSignedIn(cluster: Cluster, cookie: string, { userId }: PostedCode): Promise<void> {
  const seen = await finallySeen(cluster, cookie);
  if (seen !== userId && !cluster.turns.mayBeLost) throw new Violation(`A later reader finds ${seen}.`);
}
