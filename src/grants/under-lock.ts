import { startTimer } from "../clock.js";
import { HttpException } from "../errors.js";
import type { Lock } from "../options.js";

/**
 * Runs a task under the app's lock. Once the task has begun, only its own outcome matters: a lock that expires, or is
 * never released, does no harm.
 *
 * @param longestWaitMs real time; a lock that has not let the task begin by then has failed
 * @throws HttpException lock_failed when the task has not run, and then it never will
 */
export async function underLock<T>(
  lock: Lock,
  key: string,
  longestWaitMs: number,
  task: () => Promise<T>,
): Promise<T> {
  let outcome: Promise<T> | undefined;
  let isOver = false;
  let cancel = () => {};
  const tooSlow = new Promise<never>((_, reject) => {
    const error = new Error(`The lock did not let its task begin within ${longestWaitMs} ms.`);
    cancel = startTimer(longestWaitMs, () => reject(error));
  });

  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const once = async () => {
    if (isOver) throw new Error("The task comes too late: whoever wanted it was told that the lock failed.");
    cancel();
    outcome ??= task().finally(finish);
    await outcome;
  };
  try {
    await Promise.race([lock(key, once), tooSlow, finished]);
    if (!outcome) throw new Error("The lock resolved without having run its task.");
  } catch (cause) {
    if (!outcome) throw lockFailed(cause);
  } finally {
    isOver = true;
    cancel();
  }
  return outcome;
}

function lockFailed(cause: unknown): HttpException {
  return new HttpException({
    message: "The option lock failed before its task ran. Nobody was signed out by this; see the cause.",
    code: "lock_failed",
    status: 503,
    cause,
  });
}
