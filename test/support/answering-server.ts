import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { Rest, type RestOptions } from "../../src/rest/rest.js";

/** A complete request. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Identifies its connection. */
  readonly port: number;
}

type Answering = (response: ServerResponse, request: Arrived, index: number) => void;

/** A server for one test that answers as configured and remembers its requests. */
export async function answeringServer(answer: Answering) {
  const requests: Arrived[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const arrived = {
        method: incoming.method ?? "",
        url: incoming.url ?? "",
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString("latin1"),
        port: incoming.socket.remotePort ?? 0,
      };
      requests.push(arrived);
      answer(response, arrived, requests.length - 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, server };
}

/** Responds with JSON. */
export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** The headers of a rate limit. */
export function limitHeaders(remaining: number, resetAfterS: number, limit = 5, bucket = "abcd1234") {
  return {
    "X-RateLimit-Limit": String(limit),
    "X-RateLimit-Remaining": String(remaining),
    "X-RateLimit-Reset-After": String(resetAfterS),
    "X-RateLimit-Bucket": bucket,
  };
}

/** A client of a server, closed with the test. */
export function restOf(discordUrl: string, options: Partial<RestOptions> = {}): Rest {
  const rest = new Rest({
    discordUrl,
    timeoutMs: 5000,
    maxWaitMs: 2000,
    invalidRequestLimit: 9500,
    proxy: undefined,
    ...options,
  });
  onTestFinished(() => rest.close());
  return rest;
}

/** A user's credentials. */
export const NELLY = {
  scheme: "Bearer",
  token: "nellys-access-token",
  subject: "80351110224678912",
} as const;
/** The bot's credentials. */
export const BOT = { scheme: "Bot", token: "the-bots-token", subject: "bot" } as const;

/** Returns the reason with which a promise rejects. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("The promise was resolved.");
}

/** A signal that counts its listeners. */
export function countingSignal() {
  const { signal } = new AbortController();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  let added = 0;
  let left = 0;
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    added += 1;
    left += 1;
    add(...given);
  };
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    left -= 1;
    remove(...given);
  };
  return { signal, counts: () => ({ added, left }) };
}
