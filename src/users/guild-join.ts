import { optionsChecker } from "../check-options.js";
import { digestOf } from "../digest.js";
import { type ErrorCode, HttpException } from "../errors.js";
import { GuildMember } from "../models/guild-member.js";
import { BOOLEAN, LIST, STRING } from "../option-kinds.js";
import { parseAnswer } from "../rest/answer.js";
import { requireSnowflake } from "../snowflake.js";
import type { BotCalls } from "./bot-calls.js";
import { updateMember } from "./member-update.js";

/** What a new member starts with; each needs a permission of the bot. */
interface NewMember {
  /** At most 32 characters. Needs MANAGE_NICKNAMES. */
  readonly nick?: string | undefined;
  /** Ids of roles below the bot's highest. Needs MANAGE_ROLES. */
  readonly roles?: readonly string[] | undefined;
  /** Needs MUTE_MEMBERS. */
  readonly mute?: boolean | undefined;
  /** Needs DEAFEN_MEMBERS. */
  readonly deaf?: boolean | undefined;
}

/** How a visitor joins a guild. Members are left as they are. */
export interface JoinOptions extends NewMember {
  readonly evenIfMember?: false | undefined;
}

/** How a visitor joins a guild, or a member is updated: `mute` and `deaf` are for new members only. */
export interface JoinOrUpdateOptions extends NewMember {
  /** Gives members the `roles` they lack and the `nick`; their other roles stay. */
  readonly evenIfMember: true;
}

/** What became of it. */
export interface JoinOutcome {
  /** `false` for who was a member before. */
  readonly joined: boolean;
  readonly member: GuildMember;
}

const joinOptions = optionsChecker<NewMember & { readonly evenIfMember?: boolean | undefined }>({
  of: "addToGuild",
  example: '{ nick: "Nelly" }',
  // Ids have an error of their own: they may come from a visitor.
  kinds: { nick: STRING, roles: LIST, mute: BOOLEAN, deaf: BOOLEAN, evenIfMember: BOOLEAN },
});

interface JoiningUser {
  readonly id: string;
  readonly accessToken: string;
  /** Called when something about their memberships has changed. */
  onChange(): void;
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
 * Adds a user to a guild that the bot is in.
 *
 * @internal
 * @param userOf who it is, asked for once the options are checked
 * @returns `null` when the user was a member before, and was not to be updated
 * @throws HttpException, RateLimited, TypeError
 * @see https://docs.discord.com/developers/resources/guild#add-guild-member
 */
export async function joinGuild(
  bot: BotCalls,
  guildId: string,
  options: JoinOptions | JoinOrUpdateOptions | undefined,
  userOf: () => Promise<JoiningUser>,
): Promise<JoinOutcome | null> {
  const { nick, roles, mute, deaf, evenIfMember } = joinOptions(options);
  requireSnowflake(guildId, "guildId");
  const changes = { roles: [...new Set(roles)], nick };
  for (const role of changes.roles) requireSnowflake(role, "a role");
  const { id, accessToken, onChange } = await userOf();
  const route = `/guilds/${guildId}/members/${requireSnowflake(id, "the user's id")}`;
  const json = { access_token: accessToken, nick, roles, mute, deaf };
  const add = () => bot.send(route, { method: "PUT", json }, accessToken);
  const update = () => updateMember(bot, guildId, id, changes).finally(onChange);
  try {
    const key = `${route} ${Object.keys(options ?? {}).sort()}`;
    const payload = await bot.joinRefusals.join(key, accessToken, add);
    if (payload !== undefined) {
      onChange();
      const member = parseAnswer({ method: "PUT", route }, () => GuildMember.from(payload, guildId));
      return { joined: true, member };
    }
    if (!evenIfMember) return null;
    const updateKey = `${key} ${digestOf(changes.roles.join())}`;
    return { joined: false, member: await bot.joinRefusals.join(updateKey, accessToken, update) };
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
