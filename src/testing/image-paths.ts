import type { SimulatedGuild } from "./guild.js";
import type { SimulatedUser } from "./user.js";

/** Where a user's avatar is, or the one that Discord shows for a user without any. */
export function avatarPath({ id, payload }: SimulatedUser, size: number): string {
  if (payload.avatar !== null) return `/avatars/${id}/${payload.avatar}.png?size=${size}`;
  return `/embed/avatars/${(BigInt(id) >> 22n) % 6n}.png`;
}

/** Where a guild's icon is; undefined: it has none. */
export function iconPath({ icon, id }: SimulatedGuild, size: number): string | undefined {
  return icon === null ? undefined : `/icons/${id}/${icon}.png?size=${size}`;
}
