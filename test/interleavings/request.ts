import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { Writable } from "node:stream";
import type { Request, RequestHandler, Response } from "express";

/** A request of a browser. */
export interface BrowserRequest {
  readonly url: string;
  readonly cookie: string;
  /** A POST sends JSON. */
  readonly method?: "GET" | "POST";
}

/**
 * Passes a request through express-session to a handler, without a socket.
 *
 * @returns the browser's cookies afterwards
 */
export async function request(
  sessions: RequestHandler,
  { url, cookie, method = "GET" }: BrowserRequest,
  handle: (req: Request, res: Response) => Promise<void>,
): Promise<string> {
  const req = new IncomingMessage(new Socket()) as Request;
  Object.assign(req, {
    method,
    url,
    headers: { host: "127.0.0.1", cookie, ...(method === "POST" && { "content-type": "application/json" }) },
  });
  const res = new ServerResponse(req) as Response;
  res.assignSocket(new Writable({ write: (_chunk, _encoding, done) => done() }) as Socket);
  await new Promise<void>((resolve, reject) => {
    sessions(req, res, (error?: unknown) => (error ? reject(error) : resolve()));
  });
  try {
    await handle(req, res);
  } finally {
    const finished = new Promise((resolve) => res.once("finish", resolve));
    if (!res.writableEnded) res.end();
    await finished;
  }
  return merge(cookie, res.getHeader("Set-Cookie"));
}

function merge(cookie: string, header: unknown): string {
  const jar = new Map(cookie.split("; ").filter(Boolean).map(pairOf));
  for (const line of [header ?? []].flat()) {
    const [name, value] = pairOf(String(line).split("; ")[0] ?? "");
    if (value === "") jar.delete(name);
    else jar.set(name, value);
  }
  return [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
}

function pairOf(text: string): [name: string, value: string] {
  const index = text.indexOf("=");
  return [text.slice(0, index), text.slice(index + 1)];
}
