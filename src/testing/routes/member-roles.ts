import { forBot } from "../access.js";
import { type Answer, noContent } from "../answer.js";
import { findBotGuild } from "../bot-access.js";
import type { Discord } from "../discord.js";
import type { Routes } from "../router.js";
import { changeRole } from "./member-changes.js";

/** How the bot gives a member a role and takes it away. */
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
