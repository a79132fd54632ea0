/** The documented flags of a user. */
const USER_FLAGS = {
  STAFF: 1,
  PARTNER: 2,
  HYPESQUAD: 4,
  BUG_HUNTER_LEVEL_1: 8,
  HYPESQUAD_ONLINE_HOUSE_1: 64,
  HYPESQUAD_ONLINE_HOUSE_2: 128,
  HYPESQUAD_ONLINE_HOUSE_3: 256,
  PREMIUM_EARLY_SUPPORTER: 512,
  TEAM_PSEUDO_USER: 1024,
  BUG_HUNTER_LEVEL_2: 16_384,
  VERIFIED_BOT: 65_536,
  VERIFIED_DEVELOPER: 131_072,
  CERTIFIED_MODERATOR: 262_144,
  BOT_HTTP_INTERACTIONS: 524_288,
  ACTIVE_DEVELOPER: 4_194_304,
} as const;

/**
 * The name of a user flag.
 *
 * @see https://docs.discord.com/developers/resources/user#user-object-user-flags
 */
export type UserFlag = keyof typeof USER_FLAGS;

/** Returns the names of the flags that are set. Omits bits without a name. */
export function userFlagsIn(bits: number): UserFlag[] {
  // Bitwise operators ignore bits from 2^32 on, which have no names.
  const names = Object.keys(USER_FLAGS) as UserFlag[];
  return names.filter((name) => (bits & USER_FLAGS[name]) !== 0);
}
