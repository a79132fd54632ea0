import type { World } from "./world.js";

/** Waits until every process stands still. */
export async function settle(world: World): Promise<void> {
  let quiet = 0;
  while (quiet < 2) {
    const { activity } = world;
    await new Promise((resolve) => setImmediate(resolve));
    quiet = world.network > 0 || world.activity !== activity ? 0 : quiet + 1;
  }
}
