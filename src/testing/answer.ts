import { type OutgoingHttpHeaders, STATUS_CODES } from "node:http";

/** What the simulator answers, before faults have their say. */
export interface Answer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  /** Whether Discord's edge answers by itself, and the request never reaches the API. */
  readonly isFromEdge?: true;
}

/** An answer in JSON. */
export function json(status: number, value: unknown, headers: OutgoingHttpHeaders = {}): Answer {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(value) };
}

/** An answer a test has chosen. */
export interface ChosenAnswer {
  /** Default: 200. */
  readonly status?: number;
  /** A string is sent as it is, anything else as JSON. Default: what Discord says for the status. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The answer a test has chosen, as it is sent. */
export function chosenAnswer({ status = 200, body, headers = {} }: ChosenAnswer): Answer {
  if (typeof body === "string") return { status, headers, body };
  if (status === 204) return { status, headers };
  const usual = { message: `${status}: ${STATUS_CODES[status] ?? "Error"}`, code: 0 };
  return json(status, body ?? usual, headers);
}

/** 204. */
export function noContent(): Answer {
  return { status: 204, headers: {} };
}

/** 302, to be asked for every time. */
export function redirect(location: string, headers: OutgoingHttpHeaders = {}): Answer {
  return { status: 302, headers: { Location: location, "Cache-Control": "no-store", ...headers } };
}

/** Thrown by a route that has nothing more to do than to answer. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`answered ${answer.status}`);
    this.answer = answer;
  }
}

/** Ends the handling of the request with this answer. */
export function refuse(answer: Answer): never {
  throw new Refusal(answer);
}
