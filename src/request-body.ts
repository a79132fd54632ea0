import type { IncomingMessage } from "node:http";
import { HttpException } from "./errors.js";

/**
 * Reads the body of a request that no middleware has read yet.
 *
 * @throws HttpException body_too_large, body_aborted
 */
export async function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // Without this option, leaving the loop destroys the request, and error handlers could not read req.ip.
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length;
      if (bytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new HttpException({
      message: "The connection ended before the body was complete.",
      code: "body_aborted",
      cause,
    });
  }
  if (bytes <= maxBytes) return Buffer.concat(chunks);
  req.resume();
  throw bodyTooLarge();
}

/** Parses JSON. @returns `undefined` for anything else */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

/** The error for a body that exceeds its limit. */
export function bodyTooLarge(): HttpException {
  return new HttpException({ message: "The body is too large.", code: "body_too_large" });
}
