import { startTimer, stopwatch } from "./clock.js";

/** A process that was frozen fires its timers before it reads its sockets: what it waits for may have come long ago. */
const LONGEST_GRACE_MS = 1000;

/** Nothing came in time. */
export class DeadlinePassed extends Error {
  readonly #late: Promise<unknown>;

  /** @param late the task that was given up; it may still be running */
  constructor(ms: number, late: Promise<unknown>) {
    super(`Nothing came within ${ms} ms.`);
    this.#late = late;
  }

  /** Calls back if it succeeds after all. */
  onSuccess(callback: () => unknown): void {
    this.#late.then(callback).catch(() => undefined);
  }
}

/**
 * Calls back after so much real time. A deadline that fires late, because the process was frozen or busy, is extended
 * once by as much as it was late, by a second at most.
 *
 * @returns cancels the deadline
 */
export function startDeadline(ms: number, onPassed: () => void): () => void {
  const elapsedMs = stopwatch();
  let cancel = startTimer(ms, () => {
    // A timer may fire a fraction of a millisecond early, and Node warns of negative times.
    const lateMs = Math.max(0, elapsedMs() - ms);
    cancel = startTimer(Math.min(lateMs, LONGEST_GRACE_MS), onPassed);
  });
  return () => cancel();
}

/**
 * Waits for a task for so much real time, extended as in {@link startDeadline}. The task is not stopped.
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
