import { parseArgs } from "node:util";
import { Cluster } from "./cluster.js";
import { CALLBACKS, LARGE, REFRESHES, SIGN_OUTS, THREE_PROCESSES } from "./proofs.js";
import { describeExample, search } from "./search.js";

/** Searches all stories as far as so many runs of each show: far more of them than `npm test` does. */
const { values } = parseArgs({
  options: { runs: { type: "string", default: "5000" } },
});

for (const story of [...REFRESHES, ...SIGN_OUTS, ...CALLBACKS, ...LARGE, ...THREE_PROCESSES]) {
  const cluster = await Cluster.start(story);
  const { counterexample, summary } = await search(cluster, story, Number(values.runs));
  await cluster.close();
  console.log(summary);
  if (counterexample) {
    console.error(describeExample(story, counterexample));
    process.exitCode = 1;
  }
}
