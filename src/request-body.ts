import type { IncomingMessage } from "node:http";
import { HttpException } from "./errors.js";

/**
 * Reads a body that nothing has parsed yet.
 *
 * @throws HttpException body_too_large, body_aborted
 */
export async function readBody(req: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  try {
    return await readAll(req, maxBytes);
  } catch (cause) {
    if (cause instanceof HttpException) throw cause;
    throw new HttpException({
      message: "The connection ended before the body was complete.",
      code: "body_aborted",
      status: 400,
      cause,
    });
  }
}

async function readAll(req: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Without the option, leaving the loop would take the socket from the request, where error handlers find req.ip.
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      req.resume();
      throw bodyTooLarge();
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A body of more bytes than anything that belongs here. */
export function bodyTooLarge(): HttpException {
  return new HttpException({ message: "The body is too large.", code: "body_too_large", status: 413 });
}
