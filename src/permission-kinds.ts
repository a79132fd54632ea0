import type { Kind } from "./check-options.js";
import { Permissions } from "./permissions.js";

/** At least one permission. */
export const SOME_PERMISSIONS: Kind = {
  wanted: 'permissions such as "MANAGE_GUILD" or ["KICK_MEMBERS", "BAN_MEMBERS"]',
  accepts: (value) => permissionsOf(value) instanceof Permissions && !isNone(value),
  hint(value) {
    const permissions = permissionsOf(value);
    return permissions instanceof Permissions ? "it contains no permission." : permissions;
  },
};

/** Any number of permissions, including none. */
export const PERMISSIONS: Kind = {
  wanted: SOME_PERMISSIONS.wanted,
  accepts: (value) => permissionsOf(value) instanceof Permissions,
  hint: SOME_PERMISSIONS.hint,
};

/** @returns the permissions, or the error message for an invalid value */
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
