import { forBot } from "../access.js";
import { type Answer, json, noContent, refuse } from "../answer.js";
import { MISSING_ACCESS } from "../api-errors.js";
import { findBotGuild, findLowerMember, findMember, requireBotPermissions } from "../bot-access.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import { memberPayload, type SimulatedGuild } from "../guild.js";
import { PERMISSIONS } from "../permissions.js";
import { selectPage } from "../query-values.js";
import type { Routes } from "../router.js";
import { changeMember, changeRole } from "./member-changes.js";

const PAGE = { usual: 1, most: 1000 };

/** Routes to list, fetch, change and remove members of a guild and their roles, as the bot. */
export function guildMemberRoutes(discord: Discord): Routes {
  const { application, world } = discord;
  const setRole = (has: boolean) =>
    forBot(discord, (_call, guildId: string, userId: string, roleId: string) => {
      changeRole(discord, findBotGuild(discord, guildId), { userId, roleId, has });
      return noContent();
    });
  return {
    "GET /guilds/:id/members": forBot(discord, (call, guildId: string) => {
      const guild = findBotGuild(discord, guildId);
      return discord.behaviour.guildMembersIntent ? listMembers(call, guild) : refuse(MISSING_ACCESS);
    }),
    "GET /guilds/:id/members/:user": forBot(discord, (_call, guildId: string, userId: string) => {
      const guild = findBotGuild(discord, guildId);
      if (userId === application.id) return json(200, botMember(discord));
      return json(200, memberPayload(findMember(discord, guild, userId)));
    }),
    "PATCH /guilds/:id/members/:user": forBot(discord, (call, guildId: string, userId: string) =>
      json(200, memberPayload(changeMember(discord, findBotGuild(discord, guildId), userId, call))),
    ),
    "PUT /guilds/:id/members/:user/roles/:role": setRole(true),
    "DELETE /guilds/:id/members/:user/roles/:role": setRole(false),
    "DELETE /guilds/:id/members/:user": forBot(discord, (_call, guildId: string, userId: string) => {
      const guild = findBotGuild(discord, guildId);
      requireBotPermissions(guild, PERMISSIONS.kickMembers);
      world.removeMember(guild, findLowerMember(discord, guild, userId).user);
      return noContent();
    }),
  };
}

function listMembers(call: Call, guild: SimulatedGuild): Answer {
  const members = [...guild.members.values()];
  return json(200, selectPage(call, members, ({ user }) => user.id, PAGE).map(memberPayload));
}

/** The bot as a member. Its roles are not simulated. */
function botMember({ application, clock }: Discord): object {
  return memberPayload({ user: { seenByOthers: () => application.botUser }, joinedAt: clock.now() });
}
