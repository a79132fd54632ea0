import type { Dispatcher } from "undici";
import { startDeadline } from "../deadline.js";
import type { Method, WireRequest } from "./api-request.js";
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

/** One request, with its deadline and abort signal. */
export interface RoundTripOptions {
  readonly wire: WireRequest;
  readonly origin: string;
  readonly method: Method;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** Called when the headers have arrived. */
  readonly onHead: (status: number, headers: AnswerHeaders) => void;
}

const OVER = new Error("The call is over.");
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/**
 * Sends one request and reads the whole response. Uses undici's `dispatch()` because `request()` has no deadline while
 * connecting, and none for the whole body.
 *
 * @throws the reason of `signal`
 */
export function roundTrip(dispatcher: Dispatcher, options: RoundTripOptions): Promise<Answer | NoAnswer> {
  return new Promise((resolve, reject) => {
    const { origin, method, wire } = options;
    const { path, headers, body } = wire;
    options.signal?.throwIfAborted();
    dispatcher.dispatch(
      { origin, method, path, headers, body, headersTimeout: 0, bodyTimeout: 0 },
      new Receiver(options, resolve, reject),
    );
  });
}

class Receiver implements Dispatcher.DispatchHandler {
  readonly #options: RoundTripOptions;
  readonly #resolve: (outcome: Answer | NoAnswer) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #cancelDeadline: () => void;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #bytes = 0;
  #status = 0;
  #headers: AnswerHeaders = {};
  #isOver = false;

  constructor(
    options: RoundTripOptions,
    resolve: (outcome: Answer | NoAnswer) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#cancelDeadline = startDeadline(options.timeoutMs, () =>
      this.#cancel(() => this.#break({ failure: "deadline" })),
    );
    options.signal?.addEventListener("abort", this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) controller.abort(OVER);
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    this.#options.onHead(status, headers);
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_BODY_BYTES) this.#cancel(() => this.#resolve({ failure: "size" }));
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#end(() => this.#complete());
  }

  onResponseError(_: Dispatcher.DispatchController, cause: Error): void {
    this.#end(() => this.#break({ failure: "connection", cause }));
  }

  readonly #onAbort = (): void => this.#cancel(() => this.#reject(this.#options.signal?.reason));

  #complete(): void {
    this.#resolve({ status: this.#status, headers: this.#headers, body: Buffer.concat(this.#chunks) });
  }

  /** A 429 counts as complete even if its body is not. */
  #break(failure: NoAnswer): void {
    if (this.#status === 429) this.#complete();
    else this.#resolve(failure);
  }

  #cancel(settle: () => void): void {
    this.#end(settle);
    this.#controller?.abort(OVER);
  }

  /** Settles the promise once. Later calls do nothing. */
  #end(settle: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelDeadline();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    settle();
  }
}
