/** The permission bits the simulator itself decides by. */
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

/** Every documented permission: what an owner and an administrator have. */
export const ALL_PERMISSIONS = ((1n << 53n) - 1n) & ~(1n << 47n);

/** What @everyone may do in a guild nobody has configured. */
export const DEFAULT_PERMISSIONS = 2_248_473_465_835_073n;

/** Whether `permissions` contain all bits of `needed`; an administrator has them all. */
export function allows(permissions: bigint, needed: bigint): boolean {
  return (permissions & PERMISSIONS.administrator) !== 0n || (permissions & needed) === needed;
}
