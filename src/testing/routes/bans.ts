import { forBot, readObject } from "../access.js";
import { type Answer, json, noContent, refuse } from "../answer.js";
import { MISSING_PERMISSIONS, UNKNOWN_BAN, UNKNOWN_USER } from "../api-errors.js";
import { findPermittedGuild } from "../bot-access.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import type { SimulatedGuild } from "../guild.js";
import { PERMISSIONS } from "../permissions.js";
import { readInteger, selectPage } from "../query-values.js";
import type { Routes } from "../router.js";
import type { SimulatedUser } from "../user.js";

const PAGE = { usual: 1000, most: 1000 };
const LONGEST_DELETION_SECONDS = 604_800;

/** Routes to list, add and remove bans, as the bot. */
export function banRoutes(discord: Discord): Routes {
  const { world } = discord;
  const findGuild = (guildId: string) => findPermittedGuild(discord, guildId, PERMISSIONS.banMembers);
  return {
    "GET /guilds/:id/bans": forBot(discord, (call, guildId: string) =>
      listBans(discord, call, findGuild(guildId)),
    ),
    "GET /guilds/:id/bans/:user": forBot(discord, (_call, guildId: string, userId: string) => {
      const guild = findGuild(guildId);
      const user = world.users.get(userId) ?? refuse(UNKNOWN_USER);
      return guild.bans.has(userId) ? json(200, banPayload(guild, user)) : refuse(UNKNOWN_BAN);
    }),
    "PUT /guilds/:id/bans/:user": forBot(discord, (call, guildId: string, userId: string) => {
      const { delete_message_seconds: seconds } = readObject(call);
      readInteger("delete_message_seconds", seconds ?? 0, 0, LONGEST_DELETION_SECONDS);
      const guild = findGuild(guildId);
      const user = world.users.get(userId) ?? refuse(UNKNOWN_USER);
      ban(discord, call, guild, user);
      return noContent();
    }),
    "DELETE /guilds/:id/bans/:user": forBot(discord, (_call, guildId: string, userId: string) => {
      const guild = findGuild(guildId);
      if (!guild.bans.delete(userId)) refuse(UNKNOWN_BAN);
      guild.banReasons.delete(userId);
      return noContent();
    }),
  };
}

function listBans({ world }: Discord, call: Call, guild: SimulatedGuild): Answer {
  const users = [...guild.bans].flatMap((id) => world.users.get(id) ?? []);
  return json(
    200,
    selectPage(call, users, ({ id }) => id, PAGE).map((user) => banPayload(guild, user)),
  );
}

function ban({ world }: Discord, call: Call, guild: SimulatedGuild, user: SimulatedUser): void {
  const member = guild.members.get(user.id);
  if (member !== undefined && !guild.botOutranks(member)) refuse(MISSING_PERMISSIONS);
  world.removeMember(guild, user);
  guild.bans.add(user.id);
  const reason = call.headers["x-audit-log-reason"];
  if (typeof reason === "string") guild.banReasons.set(user.id, decodeReason(reason));
}

/** Decodes the reason, which clients percent-encode because headers are limited to ASCII. */
function decodeReason(reason: string): string {
  try {
    return decodeURIComponent(reason);
  } catch {
    return reason;
  }
}

function banPayload(guild: SimulatedGuild, user: SimulatedUser): object {
  return { reason: guild.banReasons.get(user.id) ?? null, user: user.seenByOthers() };
}
