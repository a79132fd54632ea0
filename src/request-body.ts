import type { IncomingMessage } from "node:http";
import { HttpException } from "./errors.js";

/**
 * Reads the body of a request that no middleware has read yet.
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
      cause,
    });
  }
}

async function readAll(req: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Without this option, leaving the loop destroys the request, and error handlers could not read req.ip.
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

/** The error for a body that exceeds its limit. */
export function bodyTooLarge(): HttpException {
  return new HttpException({ message: "The body is too large.", code: "body_too_large" });
}
