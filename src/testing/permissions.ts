/** The permission bits that the simulator checks. */
export const PERMISSIONS = {
  createInstantInvite: 1n << 0n,
  kickMembers: 1n << 1n,
  banMembers: 1n << 2n,
  administrator: 1n << 3n,
  manageGuild: 1n << 5n,
  viewChannel: 1n << 10n,
  sendMessages: 1n << 11n,
  attachFiles: 1n << 15n,
  muteMembers: 1n << 22n,
  deafenMembers: 1n << 23n,
  moveMembers: 1n << 24n,
  manageNicknames: 1n << 27n,
  manageRoles: 1n << 28n,
  manageWebhooks: 1n << 29n,
  moderateMembers: 1n << 40n,
} as const;

/** Every documented permission, which owners and administrators have. */
export const ALL_PERMISSIONS = ((1n << 53n) - 1n) & ~(1n << 47n);

/** The default permissions of `@everyone` in a new guild. */
export const DEFAULT_PERMISSIONS = 2_248_473_465_835_073n;

/** Reads permissions that a test or a seed gives. @throws TypeError unless they are a decimal number */
export function readPermissions(value: bigint | string): bigint {
  if (/^\d+$/.test(String(value))) return BigInt(value);
  throw new TypeError(`Permissions are a decimal number, such as "32", not "${value}".`);
}

/** Whether `permissions` contain all bits of `needed`. Administrators have every permission. */
export function allows(permissions: bigint, needed: bigint): boolean {
  return (permissions & PERMISSIONS.administrator) !== 0n || (permissions & needed) === needed;
}
