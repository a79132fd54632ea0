import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { TOO_LARGE } from "./api-errors.js";
import { parseBody } from "./body.js";
import { isApiPath } from "./edge-headers.js";
import { type Exchange, send } from "./exchange.js";
import { deliverFault } from "./fault-delivery.js";
import type { Faults } from "./faults.js";
import type { Front } from "./front.js";
import { readBody } from "./incoming.js";
import type { RateLimits } from "./rate-limits.js";
import type { RequestLog } from "./request-log.js";

const KEEP_ALIVE_MS = 300_000;

/** The parts of the simulator that handle a request, in order. */
export interface Stations {
  readonly front: Front;
  readonly faults: Faults;
  readonly limits: RateLimits;
  readonly log: RequestLog;
}

/** Starts listening. Port 0 lets the system choose. */
export async function listen(port: number, host: string): Promise<Server> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return server;
}

/** Returns the URL of a listening server. If it listens on every address, the URL is for this machine. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  if (address === "0.0.0.0" || address === "::") return `http://127.0.0.1:${port}`;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

/** Receives requests from the server and sends the responses. */
export class Service {
  readonly #server: Server;
  readonly #stations: Stations;
  readonly #apiSockets = new WeakSet<Socket>();
  #connectionCount = 0;

  constructor(server: Server, stations: Stations) {
    this.#server = server;
    this.#stations = stations;
    server.on("request", (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /** The number of connections used for API calls so far. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { faults, front, limits, log } = this.#stations;
    const bytes = await readBody(request);
    const body = await parseBody(request.headers["content-type"], bytes ?? Buffer.alloc(0));
    const { record, version, answer } = front.understand(request, body, bytes?.length ?? 0);
    log.add(record);
    const receivedAt = performance.now();
    response.once("close", () => {
      record.durationMs = performance.now() - receivedAt;
      record.cutShort = !response.writableFinished;
    });
    if (isApiPath(record.path)) this.#countConnection(request.socket);
    const address = request.socket.remoteAddress ?? "";
    const exchange: Exchange = {
      response,
      record,
      version,
      answer: bytes === undefined ? () => TOO_LARGE : answer,
      onAnswer: (sent) => limits.countAnswer(address, sent),
    };
    try {
      const fault = faults.take(record);
      if (fault === undefined) send(exchange, exchange.answer());
      else await deliverFault(fault, exchange);
    } catch (error) {
      abandon(exchange, error);
    }
  }

  #countConnection(socket: Socket): void {
    if (this.#apiSockets.has(socket)) return;
    this.#apiSockets.add(socket);
    this.#connectionCount += 1;
  }
}

/** Ends a request after the client has left or a test's function has thrown. Only the latter gets a response. */
function abandon(exchange: Exchange, error: unknown): void {
  const headers = { "Content-Type": "text/plain; charset=utf-8" };
  if (exchange.response.headersSent) exchange.response.destroy();
  else send(exchange, { status: 500, headers, body: String(error) });
}
