import type { World } from "./world.js";

/** Waits until every process is held or idle. */
export async function settle(world: World): Promise<void> {
  let isQuiet = false;
  while (!isQuiet) {
    const { activity } = world;
    await new Promise((resolve) => setImmediate(resolve));
    isQuiet = world.network === 0 && world.activity === activity;
  }
}
