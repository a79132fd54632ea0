import { refuse } from "./answer.js";
import {
  MISSING_ACCESS,
  MISSING_PERMISSIONS,
  UNKNOWN_GUILD,
  UNKNOWN_MEMBER,
  UNKNOWN_USER,
} from "./api-errors.js";
import type { Discord } from "./discord.js";
import type { SimulatedGuild, SimulatedMember } from "./guild.js";

/** Returns a guild. Refuses unless the bot is in it. */
export function findBotGuild({ world }: Discord, guildId: string): SimulatedGuild {
  const guild = world.guilds.get(guildId) ?? refuse(UNKNOWN_GUILD);
  return guild.bot ? guild : refuse(MISSING_ACCESS);
}

/** Returns a guild. Refuses unless the bot is in it and has these permissions. */
export function findPermittedGuild(discord: Discord, guildId: string, needed: bigint): SimulatedGuild {
  const guild = findBotGuild(discord, guildId);
  requireBotPermissions(guild, needed);
  return guild;
}

/** Refuses unless the bot has these permissions in the guild. */
export function requireBotPermissions(guild: SimulatedGuild, needed: bigint): void {
  if (!guild.letsBot(needed)) refuse(MISSING_PERMISSIONS);
}

/** Returns a member of the guild. Refuses if there is none. */
export function findMember({ world }: Discord, guild: SimulatedGuild, userId: string): SimulatedMember {
  if (!world.users.has(userId)) refuse(UNKNOWN_USER);
  return guild.members.get(userId) ?? refuse(UNKNOWN_MEMBER);
}

/** Returns a member below the bot's highest role, whom it may change, remove or ban. Refuses otherwise. */
export function findLowerMember(discord: Discord, guild: SimulatedGuild, userId: string): SimulatedMember {
  const member = findMember(discord, guild, userId);
  return guild.botOutranks(member) ? member : refuse(MISSING_PERMISSIONS);
}
