import type { SimulatedGuild } from "./guild.js";
import type { SimulatedUser } from "./user.js";

/** Returns the path of a user's avatar, or of the default avatar. */
export function avatarPath({ id, payload }: SimulatedUser, size: number): string {
  if (payload.avatar !== null) return `/avatars/${id}/${payload.avatar}.png?size=${size}`;
  return `/embed/avatars/${(BigInt(id) >> 22n) % 6n}.png`;
}

/** Returns the path of a guild's icon; `undefined` if it has none. */
export function iconPath({ icon, id }: SimulatedGuild, size: number): string | undefined {
  return icon === null ? undefined : `/icons/${id}/${icon}.png?size=${size}`;
}
