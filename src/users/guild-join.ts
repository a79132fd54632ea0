import { optionsChecker } from "../check-options.js";
import { digestOf } from "../digest.js";
import { HttpException } from "../errors.js";
import { GuildMember } from "../models/guild-member.js";
import { BOOLEAN, LIST, STRING } from "../option-kinds.js";
import { parseAnswer } from "../rest/answer.js";
import { requireSnowflake } from "../snowflake.js";
import type { BotCalls } from "./bot-calls.js";
import { restated } from "./join-refusals.js";
import { updateMember } from "./member-update.js";

/** Settings of a new member. Each needs a permission of the bot. */
interface NewMember {
  /** The nickname, up to 32 characters. Needs MANAGE_NICKNAMES. */
  readonly nick?: string | undefined;
  /** The ids of roles below the bot's highest role. Needs MANAGE_ROLES. */
  readonly roles?: readonly string[] | undefined;
  /** Whether to mute the member in voice channels. Needs MUTE_MEMBERS. */
  readonly mute?: boolean | undefined;
  /** Whether to deafen the member in voice channels. Needs DEAFEN_MEMBERS. */
  readonly deaf?: boolean | undefined;
}

/** Options of `addToGuild`. Existing members stay unchanged. */
export interface JoinOptions extends NewMember {
  readonly evenIfMember?: false | undefined;
}

/** Options of `addToGuild` that also update existing members. `mute` and `deaf` apply to new members only. */
export interface JoinOrUpdateOptions extends NewMember {
  /** `true`: adds missing `roles` to an existing member and sets the `nick`. Other roles are kept. */
  readonly evenIfMember: true;
}

/** The result of `addToGuild` with `evenIfMember`. */
export interface JoinOutcome {
  /** Whether the user joined; `false` if they were a member already. */
  readonly joined: boolean;
  readonly member: GuildMember;
}

const joinOptions = optionsChecker<NewMember & { readonly evenIfMember?: boolean | undefined }>({
  of: "addToGuild",
  example: '{ nick: "Nelly" }',
  // Checked elsewhere, with errors of status 400: they may come from a visitor.
  kinds: { nick: STRING, roles: LIST, mute: BOOLEAN, deaf: BOOLEAN, evenIfMember: BOOLEAN },
});

interface JoiningUser {
  readonly id: string;
  readonly accessToken: string;
  /** Called when the user's memberships have changed. */
  onChange(): void;
}

const NAMED_REFUSALS: Readonly<Record<number, Pick<HttpException, "code" | "message">>> = {
  30001: { code: "guild_limit_reached", message: "The visitor is in as many guilds as Discord allows." },
  40007: { code: "banned_from_guild", message: "The visitor is banned from this guild." },
  50025: {
    code: "user_token_rejected",
    message:
      "Discord rejected the visitor's token for joining: let them sign in again with the scope guilds.join.",
  },
};

/**
 * Adds a user to a guild of the bot.
 *
 * @internal
 * @param userOf returns the user; called after the options were checked
 * @returns `null` if the user was a member already and `evenIfMember` is not set
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
  const json = { access_token: accessToken, nick, roles: roles && changes.roles, mute, deaf };
  const add = () => bot.send(route, { method: "PUT", json }, { alsoSecret: accessToken });
  const appliedRoles: string[] = [];
  const update = () => updateMember(bot, guildId, id, changes, appliedRoles).finally(onChange);
  try {
    const key = `${route} ${Object.keys(options ?? {}).sort()} ${digestOf(changes.roles.join())}`;
    const payload = await bot.joinRefusals.join(key, accessToken, add);
    if (payload !== undefined) {
      onChange();
      const member = parseAnswer({ method: "PUT", route }, () => GuildMember.from(payload, guildId));
      return { joined: true, member };
    }
    if (!evenIfMember) return null;
    return { joined: false, member: await bot.joinRefusals.join(`${key} update`, accessToken, update) };
  } catch (error) {
    const named = nameRefusal(error);
    throw evenIfMember && named instanceof HttpException ? Object.assign(named, { appliedRoles }) : named;
  }
}

function nameRefusal(error: unknown): unknown {
  if (!(error instanceof HttpException)) return error;
  const named = NAMED_REFUSALS[error.discordCode ?? 0];
  return named ? restated(error, named) : error;
}
