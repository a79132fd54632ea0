import { GuildMember, type GuildMemberPayload } from "../models/guild-member.js";
import { parseAnswer } from "../rest/answer.js";
import type { BotCalls } from "./bot-calls.js";

/** The roles and the nickname to set. */
export interface MemberChanges {
  readonly roles: readonly string[];
  readonly nick: string | undefined;
}

/**
 * Adds missing roles to a member, one by one because a list of roles would replace the existing ones. Then sets the
 * nickname. Sends no unchanged values.
 *
 * @param appliedRoles receives each role after it was added
 * @returns the updated member
 * @throws HttpException, RateLimited
 * @see https://docs.discord.com/developers/resources/guild#add-guild-member-role
 */
export async function updateMember(
  bot: BotCalls,
  guildId: string,
  userId: string,
  { roles, nick }: MemberChanges,
  appliedRoles: string[],
): Promise<GuildMember> {
  const route = `/guilds/${guildId}/members/${userId}`;
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
}
