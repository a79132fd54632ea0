import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.js";
import { explore, replay } from "./explorer.js";
import { MUTANTS } from "./mutants.js";

const LONGEST_MS = 120_000;

describe("mutants", () => {
  it.each(MUTANTS.map((mutant) => [mutant.mistake, mutant] as const))(
    "the search notices that %s",
    async (mistake, { patches, story }) => {
      const cluster = await Cluster.start({ ...story, patches });
      try {
        const { orders, merged, counterexample } = await explore(cluster, story);
        expect(counterexample).toBeDefined();
        const { what, choices = [] } = counterexample ?? {};
        expect((await replay(cluster, story, choices)).what).toBe(what);
        console.log(`${mistake}: ${what} Found in run ${orders + merged}.`);
      } finally {
        await cluster.close();
      }
    },
    LONGEST_MS,
  );
});
