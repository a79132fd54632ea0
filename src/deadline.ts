import { startTimer, stopwatch } from "./clock.js";

/** After a freeze, timers fire before sockets are read, so a response may have arrived already. */
const LONGEST_GRACE_MS = 1000;

/** The deadline passed. */
export class DeadlinePassed extends Error {
  readonly #late: Promise<unknown>;

  /** @param late the task, which may still be running */
  constructor(ms: number, late: Promise<unknown>) {
    super(`There was no result within ${ms} ms.`);
    this.#late = late;
  }

  /** Calls back if the task succeeds after the deadline. */
  onSuccess(callback: () => unknown): void {
    this.#late.then(callback).catch(() => undefined);
  }
}

/**
 * Calls back after `ms` milliseconds of real time. If the timer fires late because the process was frozen or busy, the
 * deadline is extended once by the same delay, by a second at most.
 *
 * @returns a function that cancels the deadline
 */
export function startDeadline(ms: number, onPassed: () => void): () => void {
  const elapsedMs = stopwatch();
  let cancel = startTimer(ms, () => {
    // A timer may fire a fraction of a millisecond early, and Node warns about negative times.
    const lateMs = Math.max(0, elapsedMs() - ms);
    cancel = startTimer(Math.min(lateMs, LONGEST_GRACE_MS), onPassed);
  });
  return () => cancel();
}

/**
 * Waits for a task for `ms` milliseconds of real time, extended as in {@link startDeadline}. Does not stop the task.
 *
 * @throws DeadlinePassed
 */
export async function withDeadline<T>(ms: number, task: Promise<T>): Promise<T> {
  let cancel = () => {};
  const passed = new Promise<never>((_, reject) => {
    cancel = startDeadline(ms, () => reject(new DeadlinePassed(ms, task)));
  });
  try {
    return await Promise.race([task, passed]);
  } finally {
    cancel();
  }
}
