import { onTestFinished } from "vitest";
import { replaceClock } from "../../src/clock.js";
import type { DiscordSimulator } from "../../src/testing/index.js";

/** Moves the time of the library and of Discord for the rest of one test. Waits keep their real length. */
export function advanceBoth(simulator: DiscordSimulator, ms: number): void {
  simulator.clock.advance(ms);
  replaceClock({ now: () => Date.now() + ms });
  onTestFinished(() => replaceClock());
}

/** Moves the library's time for the rest of one test. Waits end at once and move the time. */
export function movableClock() {
  let offset = 0;
  const now = () => Date.now() + offset;
  const clock = {
    now,
    advance(ms: number) {
      offset += ms;
    },
    /** Called at the start of each wait. */
    onSleep: () => {},
  };
  replaceClock({
    now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      clock.onSleep();
      offset += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  });
  onTestFinished(() => replaceClock());
  return clock;
}
