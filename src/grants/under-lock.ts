import type { Config } from "../config.js";
import { startDeadline } from "../deadline.js";
import { HttpException } from "../errors.js";

/**
 * Runs a task under the option `lock`, if it is set. Once the task has started, only its own result counts: a lock that
 * expires or is never released does no harm. A task that the lock does not start in time never runs.
 */
export async function underLock<T>(
  { lock, timeoutMs }: Pick<Config, "lock" | "timeoutMs">,
  key: string,
  task: () => Promise<T>,
): Promise<T> {
  if (!lock) return task();
  const longestWaitMs = 2 * timeoutMs;
  return new Promise((resolve, reject) => {
    let outcome: Promise<T> | undefined;
    let isOver = false;
    const end = (cause: unknown) => {
      isOver = true;
      cancel();
      if (!outcome) reject(lockFailed(cause));
    };
    const cancel = startDeadline(longestWaitMs, () =>
      end(new Error(`The lock did not start its task within ${longestWaitMs} ms.`)),
    );
    const once = async () => {
      if (isOver) throw new Error("The lock started its task too late: the request has already failed.");
      cancel();
      outcome ??= task();
      outcome.then(resolve, reject);
      await outcome;
    };
    const locking = (async () => lock(key, once))();
    locking.then(() => end(new Error("The lock resolved without running its task.")), end);
  });
}

function lockFailed(cause: unknown): HttpException {
  return new HttpException({
    message:
      "The option lock failed before its task started. Nobody was signed out. See error.cause for the lock's own error.",
    code: "lock_failed",
    status: 503,
    cause,
  });
}
