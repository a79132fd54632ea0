import { GuildMember } from "../models/guild-member.js";
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
  const toMember = (payload: unknown) => GuildMember.from(payload, guildId);
  const member = await bot.fetch(route, toMember);
  for (const role of roles.filter((one) => !member.hasRole(one))) {
    await bot.send(`${route}/roles/${role}`, { method: "PUT" });
    appliedRoles.push(role);
  }
  if (nick !== undefined && nick !== (member.nick ?? ""))
    return bot.fetch(route, toMember, { method: "PATCH", json: { nick } });
  return toMember({ ...member.payload, roles: [...member.roles, ...appliedRoles] });
}
