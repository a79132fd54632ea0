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

/** The guild, if the bot is in it. */
export function findBotGuild({ world }: Discord, guildId: string): SimulatedGuild {
  const guild = world.guilds.get(guildId) ?? refuse(UNKNOWN_GUILD);
  return guild.bot ? guild : refuse(MISSING_ACCESS);
}

/** The guild, if the bot is in it and may do this. */
export function findPermittedGuild(discord: Discord, guildId: string, needed: bigint): SimulatedGuild {
  const guild = findBotGuild(discord, guildId);
  requireBotPermissions(guild, needed);
  return guild;
}

/** Refuses what the bot may not do in the guild. */
export function requireBotPermissions(guild: SimulatedGuild, needed: bigint): void {
  if (!guild.letsBot(needed)) refuse(MISSING_PERMISSIONS);
}

/** A member of the guild. */
export function findMember({ world }: Discord, guild: SimulatedGuild, userId: string): SimulatedMember {
  if (!world.users.has(userId)) refuse(UNKNOWN_USER);
  return guild.members.get(userId) ?? refuse(UNKNOWN_MEMBER);
}

/** A member the bot stands above, so that it may change, remove or ban them. */
export function findLowerMember(discord: Discord, guild: SimulatedGuild, userId: string): SimulatedMember {
  const member = findMember(discord, guild, userId);
  return guild.botOutranks(member) ? member : refuse(MISSING_PERMISSIONS);
}
