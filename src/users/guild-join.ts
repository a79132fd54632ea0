import { optionsChecker } from "../check-options.js";
import { type ErrorCode, HttpException } from "../errors.js";
import { GuildMember } from "../models/guild-member.js";
import { BOOLEAN, LIST, STRING } from "../option-kinds.js";
import { parseAnswer } from "../rest/answer.js";
import { requireSnowflake } from "../snowflake.js";
import type { BotCalls } from "./bot-calls.js";

/** Settings of a new member. Each needs a permission of the bot. */
export interface JoinOptions {
  /** The nickname, up to 32 characters. Needs MANAGE_NICKNAMES. */
  readonly nick?: string | undefined;
  /** The ids of roles below the bot's highest role. Needs MANAGE_ROLES. */
  readonly roles?: readonly string[] | undefined;
  /** Whether to mute the member in voice channels. Needs MUTE_MEMBERS. */
  readonly mute?: boolean | undefined;
  /** Whether to deafen the member in voice channels. Needs DEAFEN_MEMBERS. */
  readonly deaf?: boolean | undefined;
}

const joinOptions = optionsChecker<JoinOptions>({
  of: "addToGuild",
  example: '{ nick: "Nelly" }',
  // Checked elsewhere, with errors of status 400: they may come from a visitor.
  kinds: { nick: STRING, roles: LIST, mute: BOOLEAN, deaf: BOOLEAN },
});

interface JoiningUser {
  readonly id: string;
  readonly accessToken: string;
}

const NAMED_REFUSALS: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  30001: ["guild_limit_reached", "The visitor is in as many guilds as Discord allows."],
  40007: ["banned_from_guild", "The visitor is banned from this guild."],
  50025: [
    "user_token_rejected",
    "Discord does not take the visitor's token for this: let them sign in again with guilds.join.",
  ],
};

/**
 * Adds a user to a guild of the bot.
 *
 * @internal
 * @returns the new member; `null` if the user was a member already, and then nothing changes
 * @throws HttpException, RateLimited, TypeError
 * @see https://docs.discord.com/developers/resources/guild#add-guild-member
 */
export async function joinGuild(
  bot: BotCalls,
  guildId: string,
  options: JoinOptions | undefined,
  userOf: () => Promise<JoiningUser>,
): Promise<GuildMember | null> {
  const { nick, roles, mute, deaf } = joinOptions(options);
  requireSnowflake(guildId, "guildId");
  for (const role of roles ?? []) requireSnowflake(role, "a role");
  const user = await userOf();
  try {
    const route = `/guilds/${guildId}/members/${requireSnowflake(user.id, "the user's id")}`;
    const json = { access_token: user.accessToken, nick, roles, mute, deaf };
    const send = () => bot.send(route, { method: "PUT", json }, user.accessToken);
    const key = `${route} ${Object.keys(options ?? {}).sort()}`;
    const payload = await bot.joinRefusals.join(key, user.accessToken, send);
    if (payload === undefined) return null;
    return parseAnswer({ method: "PUT", route }, () => GuildMember.from(payload, guildId));
  } catch (error) {
    throw nameRefusal(error);
  }
}

function nameRefusal(error: unknown): unknown {
  if (!(error instanceof HttpException) || error.discordCode === undefined) return error;
  const named = NAMED_REFUSALS[error.discordCode];
  if (!named) return error;
  const [code, message] = named;
  const { status, discordCode, body, method, route } = error;
  return new HttpException({ message, code, status, discordCode, body, method, route, cause: error });
}
