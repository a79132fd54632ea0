import { startTimer } from "./clock.js";

/** Nothing came in time. */
export class DeadlinePassed extends Error {
  readonly #late: Promise<unknown>;

  /** @param late what was waited for, and is still under way */
  constructor(ms: number, late: Promise<unknown>) {
    super(`Nothing came within ${ms} ms.`);
    this.#late = late;
  }

  /** Calls back if it succeeds after all. */
  onSuccess(callback: () => unknown): void {
    this.#late.then(callback).catch(() => undefined);
  }
}

/** Waits for a task so long, in real time; the task itself goes on. @throws DeadlinePassed */
export async function withDeadline<T>(ms: number, task: Promise<T>): Promise<T> {
  let cancel = () => {};
  const passed = new Promise<never>((_, reject) => {
    cancel = startTimer(ms, () => reject(new DeadlinePassed(ms, task)));
  });
  try {
    return await Promise.race([task, passed]);
  } finally {
    cancel();
  }
}
