import type { ServerResponse } from "node:http";
import { startTimer } from "../clock.js";

const LONGEST_RESPONSE_MS = 30_000;
/** Some responses never end after their visitor has gone, for example those of `res.sendFile`. */
const LONGEST_ABANDONED_MS = 5000;

/**
 * Runs a task when the app ends its response, and delays the end until the task has finished. express-session saves
 * sessions the same way. If the app does not end its response within 30 seconds, or five after the connection has
 * closed, the task runs then.
 *
 * If the response then cannot be sent, for example because the app passed a number to `end`, the connection is closed
 * and the error becomes a warning.
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
    let cancel = () => {};
    const run = () => {
      cancel();
      running ??= task()
        .catch(() => undefined)
        .then(resolve);
      return running;
    };
    const runWithin = (ms: number) => {
      cancel();
      if (!running) cancel = startTimer(ms, () => void run(), true);
    };
    runWithin(LONGEST_RESPONSE_MS);
    res.once("close", () => runWithin(LONGEST_ABANDONED_MS));
    let isEnding = false;
    res.end = function endAfterTask(...args: unknown[]) {
      // Only the first call counts, as with any response that has ended.
      if (isEnding) return res;
      // Otherwise a second response, or an error handler, would still change the status and the headers.
      if (!res.headersSent) res.writeHead(res.statusCode);
      isEnding = true;
      void run()
        .then(over)
        .then(() => {
          res.end = end;
          Reflect.apply(end, res, args);
        })
        // The app's call has returned, so nobody else would get this error. Unhandled, it would end the process.
        .catch((error: Error) => {
          process.emitWarning(error);
          res.destroy();
        });
      return res;
    } as typeof res.end;
  });
}
