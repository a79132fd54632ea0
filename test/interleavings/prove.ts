import { expect, it } from "vitest";
import { Cluster } from "./cluster.js";
import { replay, type Story } from "./explorer.js";
import { describeExample, search } from "./search.js";

/** The choices of one order, to replay it. */
const CHOICES = process.env["INTERLEAVING"];
const LONGEST_MS = 300_000;

/** Defines a test for each story: every order of its calls, or as many orders as the given number of runs covers. */
export function prove(stories: readonly Story[], mostRuns?: number): void {
  // Names are not formatted, which would shorten them: they select the story to replay.
  const extent = mostRuns === undefined ? "every order is" : "many orders are";
  for (const story of stories)
    it(`${extent} safe: ${story.name}`, () => proveStory(story, mostRuns), LONGEST_MS);
}

async function proveStory(story: Story, mostRuns: number | undefined): Promise<void> {
  const cluster = await Cluster.start(story);
  try {
    if (CHOICES === undefined) {
      const { counterexample, summary } = await search(cluster, story, mostRuns);
      console.log(summary);
      expect(counterexample && describeExample(story, counterexample)).toBeUndefined();
    } else {
      const choices = CHOICES.split(" ").map(Number);
      console.log(describeExample(story, await replay(cluster, story, choices)));
    }
  } finally {
    await cluster.close();
  }
}
