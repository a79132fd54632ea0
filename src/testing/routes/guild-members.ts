import { forBot, readObject } from "../access.js";
import { type Answer, json, noContent, refuse } from "../answer.js";
import {
  BANNED,
  GUILD_MAXIMUM,
  INVALID_ACCESS_TOKEN,
  invalidField,
  JOIN_LIMITED,
  MEMBER_MAXIMUM,
  MISSING_ACCESS,
  MISSING_PERMISSIONS,
  MISSING_SCOPE,
  NEEDS_VERIFICATION,
  UNKNOWN_GUILD,
  UNKNOWN_MEMBER,
  UNKNOWN_USER,
} from "../api-errors.js";
import type { Discord } from "../discord.js";
import { MOST_GUILDS, memberPayload, type SimulatedGuild } from "../guild.js";
import { PERMISSIONS } from "../permissions.js";
import type { Routes } from "../router.js";
import { readSnowflake } from "../snowflake.js";
import type { SimulatedUser } from "../user.js";

interface JoinBody {
  readonly accessToken: string;
  readonly nick: string | undefined;
  readonly roles: readonly string[];
  readonly mute: boolean | undefined;
  readonly deaf: boolean | undefined;
}

/** Who is in a guild, and how the bot lets somebody in. */
export function guildMemberRoutes(discord: Discord): Routes {
  return {
    "GET /guilds/:id/members/:user": forBot(discord, (_call, guildId: string, userId: string) => {
      const guild = findBotGuild(discord, guildId);
      if (!discord.world.users.has(userId)) refuse(UNKNOWN_USER);
      return json(200, memberPayload(guild.members.get(userId) ?? refuse(UNKNOWN_MEMBER)));
    }),
    "PUT /guilds/:id/members/:user": forBot(discord, (call, guildId: string, userId: string) => {
      const body = readJoinBody(readObject(call));
      const guild = findBotGuild(discord, guildId);
      requireBotPermissions(guild, body);
      return join(discord, guild, findJoiner(discord, body.accessToken, userId), body);
    }),
  };
}

/** The guild, if the bot is in it. */
export function findBotGuild({ world }: Discord, guildId: string): SimulatedGuild {
  const guild = world.guilds.get(guildId) ?? refuse(UNKNOWN_GUILD);
  return guild.bot ? guild : refuse(MISSING_ACCESS);
}

function findJoiner({ authorizations }: Discord, accessToken: string, userId: string): SimulatedUser {
  const token = authorizations.findAccessToken(accessToken);
  if (token?.authorization.user.id !== userId) return refuse(INVALID_ACCESS_TOKEN);
  return token.scopes.includes("guilds.join") ? token.authorization.user : refuse(MISSING_SCOPE);
}

function requireBotPermissions(guild: SimulatedGuild, body: JoinBody): void {
  let needed = PERMISSIONS.createInstantInvite;
  if (body.nick !== undefined) needed |= PERMISSIONS.manageNicknames;
  if (body.roles.length > 0) needed |= PERMISSIONS.manageRoles;
  if (body.mute !== undefined) needed |= PERMISSIONS.muteMembers;
  if (body.deaf !== undefined) needed |= PERMISSIONS.deafenMembers;
  if (!guild.letsBot(needed)) refuse(MISSING_PERMISSIONS);
}

function join({ world }: Discord, guild: SimulatedGuild, user: SimulatedUser, body: JoinBody): Answer {
  if (guild.members.has(user.id)) return noContent();
  if (guild.bans.has(user.id)) refuse(BANNED);
  if (user.needsVerification) refuse(NEEDS_VERIFICATION);
  if (user.joinLimited) refuse(JOIN_LIMITED);
  if (world.guildsOf(user).length >= MOST_GUILDS) refuse(GUILD_MAXIMUM);
  if (guild.members.size >= guild.maxMembers) refuse(MEMBER_MAXIMUM);
  const member = world.addMember(guild, user, {
    roles: body.roles,
    nick: body.nick ?? null,
    mute: body.mute ?? false,
    deaf: body.deaf ?? false,
    pending: guild.membershipScreening && body.roles.length === 0,
  });
  return json(201, memberPayload(member));
}

function readJoinBody(body: Readonly<Record<string, unknown>>): JoinBody {
  const { access_token, nick, roles, mute, deaf } = body;
  if (access_token === undefined)
    refuse(invalidField("access_token", "BASE_TYPE_REQUIRED", "This field is required"));
  if (typeof access_token !== "string" || access_token.length > 10_240) {
    refuse(invalidField("access_token", "BASE_TYPE_BAD_LENGTH", "Must be 10240 or fewer in length."));
  }
  return {
    accessToken: access_token,
    nick: readNick(nick),
    roles: readRoles(roles),
    mute: readBoolean("mute", mute),
    deaf: readBoolean("deaf", deaf),
  };
}

function readNick(nick: unknown): string | undefined {
  if (nick === undefined || nick === null) return undefined;
  if (typeof nick === "string" && nick.length <= 32) return nick;
  return refuse(invalidField("nick", "BASE_TYPE_BAD_LENGTH", "Must be 32 or fewer in length."));
}

function readRoles(roles: unknown): readonly string[] {
  if (roles === undefined || roles === null) return [];
  const ids = Array.isArray(roles) ? roles.map(readSnowflake).filter((id) => id !== undefined) : [];
  const isValid = Array.isArray(roles) && roles.length <= 250 && new Set(ids).size === roles.length;
  if (isValid) return ids;
  return refuse(invalidField("roles", "SET_TYPE_INVALID", "Must be a set of up to 250 role ids."));
}

function readBoolean(field: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  return refuse(invalidField(field, "BOOLEAN_TYPE_CONVERT", "Must be either true or false."));
}
