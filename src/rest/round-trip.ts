import type { Dispatcher } from "undici";
import { startDeadline } from "../deadline.js";
import type { Method, WireRequest } from "./api-request.js";
import type { AnswerHeaders } from "./rate-limits.js";

/** A complete answer. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
}

/** Why there is no complete answer: no time left, more bytes than any answer has, or no unbroken connection. */
export type NoAnswer =
  | { readonly failure: "deadline" | "size" }
  | { readonly failure: "connection"; readonly cause: Error };

/** One request over the wire, and how far its sender goes for the answer. */
export interface RoundTripOptions {
  readonly wire: WireRequest;
  readonly origin: string;
  readonly method: Method;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Called as soon as the headers are there. */
  readonly onHead: (status: number, headers: AnswerHeaders) => void;
}

const OVER = new Error("The call is over.");
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/**
 * Sends one request and reads the whole answer. Below undici's `request()`, because that has no deadline for a body and
 * none while there is no connection yet.
 *
 * @throws the reason of `signal`
 */
export function roundTrip(
  dispatcher: Dispatcher,
  { wire, origin, method, timeoutMs, signal, onHead }: RoundTripOptions,
): Promise<Answer | NoAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let head = { status: 0, headers: {} as AnswerHeaders };
    let controller: Dispatcher.DispatchController | undefined;
    let isOver = false;

    /** Only the first end counts. */
    function end(settle: () => void): void {
      if (isOver) return;
      isOver = true;
      cancelDeadline();
      signal?.removeEventListener("abort", onAbort);
      settle();
    }
    function cancel(settle: () => void): void {
      end(settle);
      controller?.abort(OVER);
    }
    function complete(): void {
      const [first, ...others] = chunks;
      resolve({ ...head, body: first === undefined || others.length > 0 ? Buffer.concat(chunks) : first });
    }
    /** A 429 is one, however much of it has arrived. */
    function fail(failure: NoAnswer): void {
      if (head.status === 429) complete();
      else resolve(failure);
    }
    const onAbort = () => cancel(() => reject(signal?.reason));

    signal?.throwIfAborted();
    signal?.addEventListener("abort", onAbort);
    const cancelDeadline = startDeadline(timeoutMs, () => cancel(() => fail({ failure: "deadline" })));
    dispatcher.dispatch(
      { ...wire, origin, method, headersTimeout: 0, bodyTimeout: 0 },
      {
        onRequestStart(started) {
          controller = started;
          if (isOver) started.abort(OVER);
        },
        onResponseStart(_, status, headers) {
          if (status < 200) return;
          head = { status, headers };
          onHead(status, headers);
        },
        onResponseData(_, chunk) {
          bytes += chunk.length;
          if (bytes > MAX_BODY_BYTES) cancel(() => resolve({ failure: "size" }));
          else chunks.push(chunk);
        },
        onResponseEnd: () => end(complete),
        onResponseError: (_, cause) => end(() => fail({ failure: "connection", cause })),
      },
    );
  });
}
