import { forBot } from "../access.js";
import { type Answer, noContent } from "../answer.js";
import { findBotGuild } from "../bot-access.js";
import type { Discord } from "../discord.js";
import type { Routes } from "../router.js";
import { changeRole } from "./member-changes.js";

/** Routes to add and remove a member's roles, as the bot. */
export function memberRoleRoutes(discord: Discord): Routes {
  const setRole = (has: boolean) =>
    forBot(discord, (_call, guildId: string, userId: string, roleId: string): Answer => {
      changeRole(discord, findBotGuild(discord, guildId), { userId, roleId, has });
      return noContent();
    });
  return {
    "PUT /guilds/:id/members/:user/roles/:role": setRole(true),
    "DELETE /guilds/:id/members/:user/roles/:role": setRole(false),
  };
}
