import { onTestFinished } from "vitest";
import { replaceClock } from "../../src/clock.js";

/** Moves the library's time for the rest of one test; waits pass as soon as they begin, and take the time along. */
export function movableClock() {
  let offset = 0;
  const now = () => Date.now() + offset;
  const clock = {
    now,
    advance(ms: number) {
      offset += ms;
    },
    /** Called whenever a wait begins. */
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
