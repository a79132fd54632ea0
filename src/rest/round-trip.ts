import type { Dispatcher } from "undici";
import { startDeadline } from "../deadline.js";
import type { AnswerHeaders } from "./rate-limits.js";

/** A complete response. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
}

/** Why there is no complete response: the deadline passed, the body was too large, or the connection failed. */
export type NoAnswer =
  | { readonly failure: "deadline" | "size" }
  | { readonly failure: "connection"; readonly cause: Error };

const OVER = new Error("The call is over.");
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/**
 * Sends one request and reads the whole response. Uses undici's `dispatch()` because `request()` has no deadline while
 * connecting, and none for the whole body.
 *
 * @param onHead called when the headers have arrived
 * @throws the reason of `signal`
 */
export function roundTrip(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  onHead: (status: number, headers: AnswerHeaders) => void,
): Promise<Answer | NoAnswer> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const chunks: Buffer[] = [];
    let bytes = 0;
    let status = 0;
    let headers: AnswerHeaders = {};
    let controller: Dispatcher.DispatchController | undefined;
    let isOver = false;

    /** Settles the promise; later calls do nothing. A 429 counts as complete even if its body is not. */
    function end(failure?: NoAnswer): void {
      if (isOver) return;
      isOver = true;
      cancelDeadline();
      signal?.removeEventListener("abort", onAbort);
      controller?.abort(OVER);
      if (signal?.aborted) reject(signal.reason);
      else resolve(failure && status !== 429 ? failure : { status, headers, body: Buffer.concat(chunks) });
    }
    const onAbort = () => end();
    const cancelDeadline = startDeadline(timeoutMs, () => end({ failure: "deadline" }));
    signal?.addEventListener("abort", onAbort);
    dispatcher.dispatch(
      { ...request, headersTimeout: 0, bodyTimeout: 0 },
      {
        onRequestStart(started) {
          controller = started;
          if (isOver) started.abort(OVER);
        },
        onResponseStart(_, receivedStatus, receivedHeaders) {
          if (receivedStatus < 200) return;
          status = receivedStatus;
          headers = receivedHeaders;
          onHead(status, headers);
        },
        onResponseData(_, chunk) {
          bytes += chunk.length;
          if (bytes > MAX_BODY_BYTES) end({ failure: "size" });
          else chunks.push(chunk);
        },
        onResponseEnd: () => end(),
        onResponseError: (_, cause) => end({ failure: "connection", cause }),
      },
    );
  });
}
