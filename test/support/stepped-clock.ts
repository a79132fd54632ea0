import { onTestFinished } from "vitest";
import { replaceClock } from "../../src/clock.js";

/** A clock that stands still until a test moves it. */
export interface SteppedClock {
  now(): number;
  /**
   * Lets this much time pass. Waits and timers end in order, and everything that follows from one happens before the
   * next.
   */
  advance(ms: number): Promise<void>;
  /**
   * Lets time pass, up to a minute, until a task is over.
   *
   * @returns its outcome
   */
  until<T>(task: Promise<T>): Promise<T>;
}

/**
 * Replaces the library's time, waits and timers for the rest of one test.
 *
 * @param longestSkippedMs waits that are not longer end at once
 */
export function steppedClock(longestSkippedMs = 0): SteppedClock {
  let time = 1_700_000_000_000;
  const due = new Set<{ readonly at: number; readonly run: () => void }>();

  function schedule(ms: number, run: () => void): () => void {
    const entry = { at: time + ms, run };
    due.add(entry);
    return () => void due.delete(entry);
  }
  const now = () => time;
  replaceClock({
    now,
    elapsed: now,
    startTimer: schedule,
    sleep: async (ms) => {
      if (ms > longestSkippedMs) await new Promise<void>((resolve) => void schedule(ms, resolve));
    },
  });
  onTestFinished(() => replaceClock());

  async function advance(ms: number): Promise<void> {
    const end = time + ms;
    for (;;) {
      await quiet();
      const [next] = [...due].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (!next) break;
      due.delete(next);
      time = next.at;
      next.run();
    }
    time = end;
    await quiet();
  }

  return {
    now,
    advance,
    async until(task) {
      let isOver = false;
      const finish = () => {
        isOver = true;
      };
      task.then(finish, finish);
      await quiet();
      for (let steps = 0; !isOver && steps < 1200; steps += 1) await advance(50);
      if (!isOver) throw new Error("The task is not over after a minute.");
      return task;
    },
  };
}

/** Resolves when nothing happens any more, in code that waits for nothing outside the process. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
