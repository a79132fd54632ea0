import { STATUS_CODES } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { type Answer, chosenAnswer } from "./answer.js";
import { BLOCKED_AT_EDGE } from "./api-errors.js";
import { headersAtEdge, isApiPath } from "./edge-headers.js";
import { begin, type Exchange, send } from "./exchange.js";
import type { FaultKind } from "./faults.js";
import { cloudflareRefusal, tooManyRequests } from "./too-many-requests.js";

const HUGE_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** Answers a request with a fault. */
export async function deliverFault(fault: FaultKind, exchange: Exchange): Promise<void> {
  const { record, response } = exchange;
  record.fault = fault.kind;
  switch (fault.kind) {
    case "status":
      return send(exchange, chosenAnswer(fault));
    case "html":
      return send(exchange, edgePage(fault.status ?? 502));
    case "hang":
      return;
    case "delay":
      await delay(fault.ms, undefined, { ref: false });
      return send(exchange, exchange.answer());
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "truncated":
      return sendHalf(exchange);
    case "slow-body":
      return dribble(exchange, fault.chunkBytes ?? 1, fault.everyMs ?? 100);
    case "swallowed":
      exchange.answer();
      response.destroy();
      return;
    case "invalid-json":
      return send(exchange, {
        status: 200,
        headers: { "Content-Type": "application/json" },
        body: '{"id": "1',
      });
    case "huge-body":
      return pour(exchange, fault.bytes ?? HUGE_BYTES);
    case "rate-limited": {
      const { scope = "user", retryAfter = 1 } = fault;
      const { route } = record;
      return send(
        exchange,
        tooManyRequests({ scope, retryAfterMs: retryAfter * 1000, route, version: exchange.version }),
      );
    }
    case "cloudflare":
      return send(exchange, cloudflareRefusal(fault.form ?? "text", fault.retryAfter));
    case "blocked":
      return send(exchange, BLOCKED_AT_EDGE);
    default:
      fault satisfies never;
  }
}

function edgePage(status: number): Answer {
  const title = `${status} ${STATUS_CODES[status] ?? "Error"}`;
  const body = `<html><head><title>${title}</title></head><body><h1>${title}</h1><hr>cloudflare</body></html>`;
  return { status, headers: { "Content-Type": "text/html" }, body, isFromEdge: true };
}

function bytesOf({ body = "" }: Answer): Buffer {
  return typeof body === "string" ? Buffer.from(body) : body;
}

function sendHalf(exchange: Exchange): void {
  const { response } = exchange;
  const answer = exchange.answer();
  begin(exchange, answer);
  const bytes = bytesOf(answer);
  response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
}

async function dribble(exchange: Exchange, chunkBytes: number, everyMs: number): Promise<void> {
  const answer = exchange.answer();
  begin(exchange, answer);
  const bytes = bytesOf(answer);
  async function* pieces() {
    for (let start = 0; start < bytes.length; start += chunkBytes) {
      yield bytes.subarray(start, start + chunkBytes);
      await delay(everyMs, undefined, { ref: false });
    }
  }
  await pipeline(Readable.from(pieces()), exchange.response);
}

async function pour(exchange: Exchange, size: number): Promise<void> {
  const { record, response } = exchange;
  record.status = 200;
  const answer = { status: 200, headers: { "Content-Type": "application/json" } };
  response.writeHead(200, headersAtEdge(answer, isApiPath(record.path)));
  function* pieces() {
    yield '{"padding":"';
    for (let sent = 0; sent < size; sent += CHUNK_BYTES) yield "x".repeat(CHUNK_BYTES);
    yield '"}';
  }
  await pipeline(Readable.from(pieces()), response);
}
