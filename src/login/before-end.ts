import type { ServerResponse } from "node:http";
import { startTimer } from "../clock.js";

const LONGEST_RESPONSE_MS = 30_000;

/**
 * Runs a task when the app ends its response, which is sent after that, as express-session does to save sessions.
 *
 * @param over what the response waits for as well
 * @returns resolves when the task is over; half a minute later at most, where the app does not end its response
 */
export function beforeEnd(
  res: ServerResponse,
  task: () => Promise<void>,
  over: Promise<void>,
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
        .then(() => over)
        .then(() => Reflect.apply(end, res, args));
      return res;
    } as typeof res.end;
  });
}
