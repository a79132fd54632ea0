import { HttpException } from "../errors.js";
import { GuildMember, type GuildMemberPayload } from "../models/guild-member.js";
import { parseAnswer } from "../rest/answer.js";
import type { BotCalls } from "./bot-calls.js";

/** What a member is to have afterwards. */
export interface MemberChanges {
  readonly roles: readonly string[];
  readonly nick: string | undefined;
}

/**
 * Gives a member the roles they lack, one by one, since a list of roles would replace the ones they have. Then sets the
 * nickname. What they have already is not sent again.
 *
 * @returns the member as they are now
 * @throws HttpException, RateLimited: with `appliedRoles`, the roles that were given before something failed
 * @see https://docs.discord.com/developers/resources/guild#add-guild-member-role
 */
export async function updateMember(
  bot: BotCalls,
  guildId: string,
  userId: string,
  { roles, nick }: MemberChanges,
): Promise<GuildMember> {
  const route = `/guilds/${guildId}/members/${userId}`;
  const appliedRoles: string[] = [];
  try {
    const payload = await bot.send(route);
    const member = parseAnswer({ method: "GET", route }, () => GuildMember.from(payload, guildId));
    for (const role of roles.filter((one) => !member.hasRole(one))) {
      await bot.send(`${route}/roles/${role}`, { method: "PUT" });
      appliedRoles.push(role);
    }
    if (nick !== undefined && nick !== (member.nick ?? "")) {
      const changed = await bot.send(route, { method: "PATCH", json: { nick } });
      return parseAnswer({ method: "PATCH", route }, () => GuildMember.from(changed, guildId));
    }
    const current = { ...(payload as GuildMemberPayload), roles: [...member.roles, ...appliedRoles] };
    return GuildMember.from(current, guildId);
  } catch (error) {
    throw error instanceof HttpException ? Object.assign(error, { appliedRoles }) : error;
  }
}
