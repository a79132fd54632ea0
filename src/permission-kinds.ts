import type { Kind } from "./check-options.js";
import { Permissions } from "./permissions.js";

/** Any number of permissions, including none. */
export const PERMISSIONS: Kind = {
  wanted: 'names such as "MANAGE_GUILD" or ["KICK_MEMBERS", "BAN_MEMBERS"], or their bits',
  accepts: (value) => mistakeIn(value) === undefined,
  hint: mistakeIn,
};

/** At least one permission. */
export const SOME_PERMISSIONS: Kind = {
  ...PERMISSIONS,
  accepts: (value) => PERMISSIONS.accepts(value) && new Permissions(value as bigint).value > 0n,
  hint: (value) => mistakeIn(value) ?? "it contains no permission.",
};

/** @returns the error message for an invalid value */
function mistakeIn(value: unknown): string | undefined {
  try {
    Permissions.none.with(value as bigint);
    return undefined;
  } catch (error) {
    return (error as TypeError).message;
  }
}
