import type { ServerResponse } from "node:http";
import { startTimer } from "../clock.js";

const LONGEST_RESPONSE_MS = 30_000;
/** Some responses never end after their visitor has gone, for example those of `res.sendFile`. */
const LONGEST_ABANDONED_MS = 5000;

/**
 * Resolves when the app ends its response, and delays the end until `over` resolves. express-session saves sessions the
 * same way. If the app does not end its response within 30 seconds, or five after the connection has closed, resolves
 * then.
 *
 * If the response then cannot be sent, for example because the app passed a number to `end`, the connection is closed
 * and the error becomes a warning.
 */
export function beforeEnd(res: ServerResponse, over: () => Promise<void>): Promise<void> {
  if (res.writableEnded) return Promise.resolve();
  return new Promise((resolve) => {
    const { end } = res;
    let isEnding = false;
    let cancel = startTimer(LONGEST_RESPONSE_MS, resolve, true);
    res.once("close", () => {
      cancel();
      if (!isEnding) cancel = startTimer(LONGEST_ABANDONED_MS, resolve, true);
    });
    res.end = function endWhenOver(...args: unknown[]) {
      // Only the first call counts, as with any response that has ended.
      if (isEnding) return res;
      // Otherwise a second response, or an error handler, would still change the status and the headers.
      if (!res.headersSent) res.writeHead(res.statusCode);
      isEnding = true;
      cancel();
      resolve();
      void over()
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
