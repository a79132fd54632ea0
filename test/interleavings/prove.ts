import { Cluster } from "./cluster.js";
import { type Counterexample, explore, replay, type Story } from "./explorer.js";

/** The choices of one order, to see it again: `INTERLEAVING="0 1 0" npx vitest run test/interleavings -t "story"`. */
const CHOICES = process.env["INTERLEAVING"];

/**
 * Searches every order of a story, or replays the one that the environment names.
 *
 * @throws Error with the counterexample
 */
export async function prove(story: Story, mostRuns = Number.POSITIVE_INFINITY): Promise<void> {
  const cluster = await Cluster.start(story);
  try {
    if (CHOICES !== undefined) {
      console.log(
        describe(story, await replay(cluster, story, CHOICES.split(" ").filter(Boolean).map(Number))),
      );
      return;
    }
    const startedAt = performance.now();
    const { orders, merged, states, isComplete, counterexample } = await explore(cluster, story, mostRuns);
    if (counterexample) throw new Error(describe(story, counterexample));
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(
      `${story.name}: ${orders} orders, ${merged} more that merge, ${states} states, ${isComplete ? "all of them" : "not all of them"}, ${seconds} s`,
    );
  } finally {
    await cluster.close();
  }
}

function describe({ name }: Story, { what, choices, steps }: Counterexample): string {
  return [
    `${name}: ${what}`,
    ...steps.map((step) => `  ${step}`),
    `Replay: INTERLEAVING="${choices.join(" ")}" npx vitest run test/interleavings -t "${name}"`,
  ].join("\n");
}
