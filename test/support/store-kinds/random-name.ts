import { randomBytes } from "node:crypto";

/** Returns a name for a prefix, table or schema that no other test uses. */
export function randomName(): string {
  return randomBytes(6).toString("hex");
}
