import type { ServerResponse } from "node:http";
import type { Answer } from "./answer.js";
import { headersAtEdge, isApiPath } from "./edge-headers.js";
import type { RecordedRequest } from "./request-log.js";

/** A request that waits for its response. */
export interface Exchange {
  readonly response: ServerResponse;
  readonly record: RecordedRequest;
  /** Of the API. */
  readonly version: number;
  /** Handles the request. @returns its response */
  answer(): Answer;
  /** Called with every response that is sent. */
  onAnswer(answer: Answer): void;
}

/** Sends a response. */
export function send(exchange: Exchange, answer: Answer): void {
  const { response } = exchange;
  begin(exchange, answer);
  if (answer.body === undefined) response.end();
  else response.end(answer.body);
}

/** Sends the status and headers of a response, with the length of its whole body. */
export function begin({ record, response, onAnswer }: Exchange, answer: Answer): void {
  record.status = answer.status;
  record.refused = answer.status === 429;
  onAnswer(answer);
  const length = answer.status === 204 ? undefined : Buffer.byteLength(answer.body ?? "");
  const headers = { ...answer.headers, ...(length !== undefined && { "Content-Length": length }) };
  response.writeHead(answer.status, headersAtEdge({ ...answer, headers }, isApiPath(record.path)));
}
