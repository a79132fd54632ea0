import { hash } from "node:crypto";

/** The SHA-256 of a text, as base64url: for what must be found or compared again without being kept. */
export function digestOf(text: string): string {
  return hash("sha256", text, "base64url");
}
