import { refuse } from "./answer.js";
import { invalidField, notNumber, tooLong } from "./api-errors.js";
import { readSnowflake } from "./snowflake.js";
import { textLength } from "./text-length.js";

const MOST_ROLES = 250;
const LONGEST_NICK = 32;

/** Reads a nickname; `undefined` if there is none. */
export function readNick(nick: unknown): string | undefined {
  if (nick === undefined || nick === null || nick === "") return undefined;
  if (typeof nick === "string" && textLength(nick) <= LONGEST_NICK) return nick;
  return refuse(tooLong("nick", LONGEST_NICK));
}

/** Reads role ids, without duplicates. */
export function readRoles(roles: unknown): readonly string[] {
  if (roles === undefined || roles === null) return [];
  const ids = Array.isArray(roles) ? roles.map(readSnowflake).filter((id) => id !== undefined) : [];
  const isValid = Array.isArray(roles) && roles.length <= MOST_ROLES && new Set(ids).size === roles.length;
  if (isValid) return ids;
  return refuse(invalidField("roles", "SET_TYPE_INVALID", `Must be a set of up to ${MOST_ROLES} role ids.`));
}

/** Reads an optional boolean. */
export function readBoolean(field: string, value: unknown): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  return refuse(invalidField(field, "BOOLEAN_TYPE_CONVERT", "Must be either true or false."));
}

/** Reads member flags. */
export function readFlags(value: unknown): number {
  if (value === null) return 0;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  return refuse(notNumber("flags", value, "int"));
}
