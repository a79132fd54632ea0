import type { ServerResponse } from "node:http";
import type { Answer } from "./answer.js";
import { headersAtEdge, isApiPath } from "./edge-headers.js";
import type { RecordedRequest } from "./request-log.js";

/** A request that waits for its answer. */
export interface Exchange {
  readonly response: ServerResponse;
  readonly record: RecordedRequest;
  /** Of the API. */
  readonly version: number;
  /** Lets the request take effect, and says what the answer is. */
  answer(): Answer;
  /** Told of every answer that is sent. */
  onAnswer(answer: Answer): void;
}

/** Sends an answer. */
export function send(exchange: Exchange, answer: Answer): void {
  const { response } = exchange;
  begin(exchange, answer);
  if (answer.body === undefined) response.end();
  else response.end(answer.body);
}

/** Sends status and headers of an answer, with the length of its whole body. */
export function begin({ record, response, onAnswer }: Exchange, answer: Answer): void {
  record.status = answer.status;
  record.refused = answer.status === 429;
  onAnswer(answer);
  const headers = headersAtEdge(answer, isApiPath(record.path));
  if (answer.status === 204) {
    response.writeHead(204, headers);
    return;
  }
  response.writeHead(answer.status, {
    ...headers,
    "Content-Length": Buffer.byteLength(answer.body ?? ""),
  });
}
