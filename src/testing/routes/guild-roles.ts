import { forBot } from "../access.js";
import { json } from "../answer.js";
import type { Discord } from "../discord.js";
import type { SimulatedGuild, SimulatedRole } from "../guild.js";
import type { Routes } from "../router.js";
import { findBotGuild } from "./guild-members.js";

/** The roles of a guild, as the bot sees them. */
export function guildRoleRoutes(discord: Discord): Routes {
  return {
    "GET /guilds/:id/roles": forBot(discord, (_call, guildId: string) =>
      json(200, describeRoles(findBotGuild(discord, guildId))),
    ),
  };
}

/** The role objects of a guild, @everyone first. */
export function describeRoles(guild: SimulatedGuild): object[] {
  return [...guild.roles.values()].map(toPayload);
}

function toPayload({ id, name, permissions }: SimulatedRole, position: number): object {
  return {
    id,
    name,
    permissions: String(permissions),
    position,
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    hoist: false,
    icon: null,
    unicode_emoji: null,
    managed: false,
    mentionable: false,
    flags: 0,
  };
}
