import { type OutgoingHttpHeaders, STATUS_CODES } from "node:http";

/** A response of the simulator, before any fault is applied. */
export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  /** Whether Cloudflare sends the response, and the request does not reach the API. */
  readonly isFromEdge?: true;
}

/** Creates a JSON response. */
export function json(status: number, value: unknown, headers: OutgoingHttpHeaders = {}): Answer {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(value) };
}

/** A response that a test has set. */
export interface ChosenAnswer {
  /** Default: 200. */
  readonly status?: number;
  /** A string is sent unchanged, any other value as JSON. Default: Discord's text for the status. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @throws TypeError unless a test has chosen the status of a final response */
export function requireStatus(status: unknown): void {
  if (typeof status === "number" && Number.isInteger(status) && status >= 200 && status <= 599) return;
  throw new TypeError(`The status of a response is a number from 200 to 599, not ${status}.`);
}

/** Creates the response that a test has set. @throws TypeError for a wrong status */
export function chosenAnswer({ status = 200, body, headers = {} }: ChosenAnswer): Answer {
  requireStatus(status);
  if (typeof body === "string") return { status, headers, body };
  if (status === 204) return { status, headers };
  const usual = { message: `${status}: ${STATUS_CODES[status] ?? "Error"}`, code: 0 };
  return json(status, body ?? usual, headers);
}

/** Creates a response with status 204. */
export function noContent(): Answer {
  return { status: 204, headers: {} };
}

/** Creates a redirect with status 302 that must not be cached. */
export function redirect(location: string, headers: OutgoingHttpHeaders = {}): Answer {
  return { status: 302, headers: { Location: location, "Cache-Control": "no-store", ...headers } };
}

/** Thrown by a route to end the handling of a request with a response. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`answered ${answer.status}`);
    this.answer = answer;
  }
}

/** Ends the handling of the request with this response. */
export function refuse(answer: Answer): never {
  throw new Refusal(answer);
}
