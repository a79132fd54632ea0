import { hash } from "node:crypto";

/** Returns the SHA-256 of a text as base64url, to look up or compare secrets without keeping them. */
export function digestOf(text: string): string {
  return hash("sha256", text, "base64url");
}
