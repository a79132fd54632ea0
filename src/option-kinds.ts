import type { Kind } from "./check-options.js";
import { Permissions } from "./permissions.js";
import { shown } from "./shown.js";
import { isSnowflake } from "./snowflake.js";

/** Anything: it is checked where it is used, or not at all. */
export const ANYTHING: Kind = { wanted: "anything", accepts: () => true };

export const BOOLEAN: Kind = { wanted: "true or false", accepts: (value) => typeof value === "boolean" };

export const FUNCTION: Kind = { wanted: "a function", accepts: (value) => typeof value === "function" };

export const STRING: Kind = { wanted: "a string", accepts: (value) => typeof value === "string" };

/** Milliseconds; Infinity is any length of time. */
export const DURATION: Kind = {
  wanted: "a number of milliseconds, 0 or more",
  accepts: (value) => typeof value === "number" && value >= 0,
};

export const SCOPES: Kind = {
  wanted: 'a list of scopes such as ["identify", "guilds"]',
  accepts: (value) => Array.isArray(value) && value.length > 0 && value.every(isScope),
};

/** Permissions of which at least one is needed. */
export const SOME_PERMISSIONS: Kind = {
  wanted: 'permissions such as "MANAGE_GUILD" or ["KICK_MEMBERS", "BAN_MEMBERS"]',
  accepts: (value) => permissionsOf(value) instanceof Permissions && !isNone(value),
  hint(value) {
    const permissions = permissionsOf(value);
    return permissions instanceof Permissions ? "that is no permission at all." : permissions;
  },
};

/** Permissions, also none. */
export const PERMISSIONS: Kind = {
  wanted: SOME_PERMISSIONS.wanted,
  accepts: (value) => permissionsOf(value) instanceof Permissions,
  hint: SOME_PERMISSIONS.hint,
};

/** Ids of which one is needed. */
export const SOME_IDS: Kind = {
  wanted: 'a list of ids such as ["80351110224678912"]',
  accepts: (value) => Array.isArray(value) && value.length > 0 && value.every(isSnowflake),
  hint: (value) => (Array.isArray(value) && value.length === 0 ? "nobody could meet that." : undefined),
};

/** One of these. */
export function oneOf(...values: readonly (string | number)[]): Kind {
  return {
    wanted: values.map(shown).join(" or "),
    accepts: (value) => values.some((one) => one === value),
  };
}

/** A scope as OAuth writes it: no spaces, no control characters, nothing beyond ASCII. */
export function isScope(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}

/** @returns the reason instead, for what is none */
function permissionsOf(value: unknown): Permissions | string {
  try {
    return new Permissions(value as bigint);
  } catch (error) {
    return (error as TypeError).message;
  }
}

function isNone(value: unknown): boolean {
  return new Permissions(value as bigint).value === 0n;
}
