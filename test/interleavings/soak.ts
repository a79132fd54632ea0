import { parseArgs } from "node:util";
import { Cluster } from "./cluster.js";
import type { Story } from "./explorer.js";
import { LARGE, POSTED_CODES, THREE_PROCESSES } from "./proofs.js";
import { describeExample, search } from "./search.js";

/**
 * Searches that are too long for `npm test`: all orders of two processes, and of three as many as this number of runs
 * covers.
 */
const { values } = parseArgs({ options: { runs: { type: "string", default: "2000" } } });

for (const story of [...LARGE, ...POSTED_CODES]) await soak(story);
for (const story of THREE_PROCESSES) await soak(story, Number(values.runs));

async function soak(story: Story, mostRuns?: number): Promise<void> {
  const cluster = await Cluster.start(story);
  const { counterexample, summary } = await search(cluster, story, mostRuns);
  await cluster.close();
  console.log(summary);
  if (!counterexample) return;
  console.error(describeExample(story, counterexample));
  process.exitCode = 1;
}
