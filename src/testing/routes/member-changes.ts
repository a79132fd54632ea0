import { readObject } from "../access.js";
import { refuse } from "../answer.js";
import {
  INVALID_ROLE,
  invalidField,
  MISSING_PERMISSIONS,
  NOT_IN_VOICE,
  UNKNOWN_CHANNEL,
  UNKNOWN_ROLE,
} from "../api-errors.js";
import { findLowerMember, findMember, requireBotPermissions } from "../bot-access.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import type { SimulatedGuild, SimulatedMember } from "../guild.js";
import { readBoolean, readFlags, readNick, readRoles } from "../member-fields.js";
import { PERMISSIONS } from "../permissions.js";
import { readSnowflake } from "../snowflake.js";

const LONGEST_TIMEOUT_MS = 28 * 24 * 3_600_000;

/** Each of these is enough to change the flags of a member. */
const FLAG_PERMISSIONS = [
  PERMISSIONS.manageGuild,
  PERMISSIONS.manageRoles,
  PERMISSIONS.moderateMembers | PERMISSIONS.kickMembers | PERMISSIONS.banMembers,
];

type Change = Partial<Omit<SimulatedMember, "user">>;

/** Changes a member by the fields in the body of a request. Missing fields stay unchanged. */
export function changeMember(
  discord: Discord,
  guild: SimulatedGuild,
  userId: string,
  call: Call,
): SimulatedMember {
  const change = readChange(discord, guild, readObject(call));
  const member = findLowerMember(discord, guild, userId);
  const isTimeout = change.timedOutUntil !== undefined;
  if (isTimeout && guild.lets(member.user, PERMISSIONS.administrator)) refuse(MISSING_PERMISSIONS);
  const needsVoice = change.mute !== undefined || change.deaf !== undefined || "voiceChannelId" in change;
  if (needsVoice && member.voiceChannelId === undefined) refuse(NOT_IN_VOICE);
  for (const roleId of differing(member.roles ?? [], change.roles ?? member.roles ?? [])) {
    requireChangeable(guild, member, roleId);
  }
  return replaceMember(guild, { ...member, ...change });
}

/** Adds a role to a member or removes it. */
export function changeRole(
  discord: Discord,
  guild: SimulatedGuild,
  { userId, roleId, has }: { userId: string; roleId: string; has: boolean },
): void {
  requireBotPermissions(guild, PERMISSIONS.manageRoles);
  const member = findMember(discord, guild, userId);
  requireChangeable(guild, member, roleId);
  const others = (member.roles ?? []).filter((id) => id !== roleId);
  replaceMember(guild, { ...member, roles: has ? [...others, roleId] : others });
}

/** Refuses a role that the bot cannot add or remove. */
export function requireRoleBelowBot(guild: SimulatedGuild, roleId: string): void {
  if (!guild.roles.has(roleId)) refuse(UNKNOWN_ROLE);
  if (roleId === guild.id) refuse(INVALID_ROLE);
  if (!guild.botOutranksRole(roleId)) refuse(MISSING_PERMISSIONS);
}

/** Lets the bot take a role away that the guild lacks: a test may have given it to the member. */
function requireChangeable(guild: SimulatedGuild, { roles = [] }: SimulatedMember, roleId: string): void {
  if (guild.roles.has(roleId) || !roles.includes(roleId)) requireRoleBelowBot(guild, roleId);
}

function replaceMember(guild: SimulatedGuild, member: SimulatedMember): SimulatedMember {
  guild.members.set(member.user.id, member);
  return member;
}

function readChange(
  discord: Discord,
  guild: SimulatedGuild,
  body: Readonly<Record<string, unknown>>,
): Change {
  const change: { -readonly [key in keyof Change]: Change[key] } = {};
  const may = (needed: bigint) => requireBotPermissions(guild, needed);
  if ("nick" in body) {
    may(PERMISSIONS.manageNicknames);
    change.nick = readNick(body["nick"]) ?? null;
  }
  if ("roles" in body) {
    may(PERMISSIONS.manageRoles);
    change.roles = readRoles(body["roles"]);
  }
  const mute = readBoolean("mute", body["mute"]);
  if (mute !== undefined) {
    may(PERMISSIONS.muteMembers);
    change.mute = mute;
  }
  const deaf = readBoolean("deaf", body["deaf"]);
  if (deaf !== undefined) {
    may(PERMISSIONS.deafenMembers);
    change.deaf = deaf;
  }
  if ("channel_id" in body) {
    may(PERMISSIONS.moveMembers);
    change.voiceChannelId = readVoiceChannel(guild, body["channel_id"]);
  }
  if ("communication_disabled_until" in body) {
    may(PERMISSIONS.moderateMembers);
    change.timedOutUntil = readTimeout(body["communication_disabled_until"], discord.clock.now());
  }
  if ("flags" in body) {
    if (!FLAG_PERMISSIONS.some((needed) => guild.letsBot(needed))) refuse(MISSING_PERMISSIONS);
    change.flags = readFlags(body["flags"]);
  }
  return change;
}

function readVoiceChannel(guild: SimulatedGuild, value: unknown): string | undefined {
  if (value === null) return undefined;
  const channel = guild.channels.find(({ id }) => id === readSnowflake(value));
  return channel?.id ?? refuse(UNKNOWN_CHANNEL);
}

function readTimeout(value: unknown, now: number): number | undefined {
  if (value === null) return undefined;
  const until = typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (until <= now + LONGEST_TIMEOUT_MS) return until;
  return refuse(
    invalidField("communication_disabled_until", "DATE_TIME_TYPE_PARSE", "Must be a time within 28 days."),
  );
}

function differing(left: readonly string[], right: readonly string[]): string[] {
  return [...left.filter((id) => !right.includes(id)), ...right.filter((id) => !left.includes(id))];
}
