import type { ServerResponse } from "node:http";
import { startTimer } from "../clock.js";

const LONGEST_RESPONSE_MS = 30_000;

/**
 * Runs a task when the app ends its response, and delays the end until the task has finished. express-session saves
 * sessions the same way. If the app does not end its response within 30 seconds, the task runs then.
 *
 * @param over delays the end of the response too
 * @returns a promise that resolves when the task has finished
 */
export function beforeEnd(
  res: ServerResponse,
  task: () => Promise<void>,
  over: () => Promise<void>,
): Promise<void> {
  if (res.writableEnded) return task();
  return new Promise((resolve) => {
    const { end } = res;
    let running: Promise<void> | undefined;
    const run = () => {
      running ??= task()
        .catch(() => undefined)
        .then(resolve);
      return running;
    };
    const cancel = startTimer(LONGEST_RESPONSE_MS, () => void run(), true);
    res.end = function endAfterTask(...args: unknown[]) {
      res.end = end;
      cancel();
      void run()
        .then(over)
        .then(() => Reflect.apply(end, res, args));
      return res;
    } as typeof res.end;
  });
}
