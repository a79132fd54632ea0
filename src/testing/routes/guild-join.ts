import { forBot, readObject } from "../access.js";
import { type Answer, json, noContent, refuse } from "../answer.js";
import {
  BANNED,
  GUILD_MAXIMUM,
  INVALID_ACCESS_TOKEN,
  JOIN_LIMITED,
  MEMBER_MAXIMUM,
  MISSING_SCOPE,
  missingField,
  NEEDS_VERIFICATION,
  tooLong,
} from "../api-errors.js";
import { findBotGuild, requireBotPermissions } from "../bot-access.js";
import type { Discord } from "../discord.js";
import { MOST_GUILDS, memberPayload, type SimulatedGuild } from "../guild.js";
import { readBoolean, readNick, readRoles } from "../member-fields.js";
import { PERMISSIONS } from "../permissions.js";
import type { Routes } from "../router.js";
import type { SimulatedUser } from "../user.js";
import { requireRoleBelowBot } from "./member-changes.js";

const LONGEST_TOKEN = 10_240;

type JoinBody = ReturnType<typeof readJoinBody>;

/** The route to add a user to a guild, as the bot. */
export function guildJoinRoutes(discord: Discord): Routes {
  return {
    "PUT /guilds/:id/members/:user": forBot(discord, (call, guildId: string, userId: string) => {
      const body = readJoinBody(readObject(call));
      const guild = findBotGuild(discord, guildId);
      requireBotPermissions(guild, permissionsFor(body));
      return join(discord, guild, findJoiner(discord, body.accessToken, userId), body);
    }),
  };
}

function findJoiner({ authorizations }: Discord, accessToken: string, userId: string): SimulatedUser {
  const token = authorizations.findAccessToken(accessToken);
  if (token?.authorization.user.id !== userId) return refuse(INVALID_ACCESS_TOKEN);
  return token.scopes.includes("guilds.join") ? token.authorization.user : refuse(MISSING_SCOPE);
}

function permissionsFor(body: JoinBody): bigint {
  let needed = PERMISSIONS.createInstantInvite;
  if (body.nick !== undefined) needed |= PERMISSIONS.manageNicknames;
  if (body.roles.length > 0) needed |= PERMISSIONS.manageRoles;
  if (body.mute !== undefined) needed |= PERMISSIONS.muteMembers;
  if (body.deaf !== undefined) needed |= PERMISSIONS.deafenMembers;
  return needed;
}

function join({ world }: Discord, guild: SimulatedGuild, user: SimulatedUser, body: JoinBody): Answer {
  if (guild.members.has(user.id)) return noContent();
  for (const roleId of body.roles) if (guild.roles.has(roleId)) requireRoleBelowBot(guild, roleId);
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

function readJoinBody(body: Readonly<Record<string, unknown>>) {
  const { access_token, nick, roles, mute, deaf } = body;
  if (access_token === undefined) refuse(missingField("access_token"));
  if (typeof access_token !== "string" || access_token.length > LONGEST_TOKEN) {
    refuse(tooLong("access_token", LONGEST_TOKEN));
  }
  return {
    accessToken: access_token,
    nick: readNick(nick),
    roles: readRoles(roles),
    mute: readBoolean("mute", mute),
    deaf: readBoolean("deaf", deaf),
  };
}
