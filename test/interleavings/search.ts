import type { Cluster } from "./cluster.js";
import { type Counterexample, explore, type Story } from "./explorer.js";

/** Searches a story and sums up the search. */
export async function search(cluster: Cluster, story: Story, mostRuns?: number) {
  const startedAt = performance.now();
  const { orders, merged, states, isComplete, counterexample } = await explore(cluster, story, mostRuns);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const extent = isComplete ? "every order" : "not every order";
  return {
    counterexample,
    summary: `${story.name}: ${extent}, ${orders} runs to the end, ${merged} merged, ${states} states, ${seconds} s`,
  };
}

/** Describes a counterexample step by step, and how to replay it. */
export function describeExample({ name }: Story, { what, choices, steps }: Counterexample): string {
  return [
    `${name}: ${what}`,
    ...steps.map((step) => `  ${step}`),
    `INTERLEAVING="${choices.join(" ")}" npx vitest run test/interleavings -t "${name}$"`,
  ].join("\n");
}
