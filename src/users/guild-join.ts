import { boundedCache } from "../bounded-cache.js";
import { optionsChecker } from "../check-options.js";
import { digestOf } from "../digest.js";
import { HttpException } from "../errors.js";
import { GuildMember } from "../models/guild-member.js";
import { BOOLEAN, LIST, STRING } from "../option-kinds.js";
import { parseAnswer } from "../rest/answer.js";
import { requireSnowflake } from "../snowflake.js";
import type { BotCalls } from "./bot-calls.js";

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

const NAMED_REFUSALS: Readonly<Record<number, Pick<HttpException, "code" | "message">>> = {
  30001: { code: "guild_limit_reached", message: "The visitor is in as many guilds as Discord allows." },
  40007: { code: "banned_from_guild", message: "The visitor is banned from this guild." },
  50025: {
    code: "user_token_rejected",
    message:
      "Discord rejected the visitor's token for joining: let them sign in again with the scope guilds.join.",
  },
};

const REMEMBERED_MS = 60_000;
const MOST_REFUSALS = 10_000;
const TOKEN_REFUSED = 50025;

/** Adds a user to a guild of the bot. @internal */
export type JoinGuild = ReturnType<typeof createJoinGuild>;

/**
 * Creates {@link JoinGuild}. It remembers refusals for a minute: Discord counts each 403 against the whole process,
 * so a banned visitor who keeps pressing the button must not cause a call each time.
 *
 * @internal
 */
export function createJoinGuild(bot: BotCalls) {
  const refusals = boundedCache<HttpException>(MOST_REFUSALS, REMEMBERED_MS);
  const inFlight = new Map<string, Promise<unknown>>();

  /**
   * Sends a join, unless the same join was refused within the last minute. Waits for the same join if it is in flight.
   *
   * @param key identifies the user, the guild and the settings
   * @throws HttpException the earlier refusal
   */
  async function unlessRefused<T>(key: string, accessToken: string, send: () => Promise<T>): Promise<T> {
    while (inFlight.has(key)) await inFlight.get(key)?.catch(() => undefined);
    const tokenKey = `${key} ${digestOf(accessToken)}`;
    const refusal = refusals.get(key) ?? refusals.get(tokenKey);
    if (refusal) throw restated(refusal);

    const joining = send();
    inFlight.set(key, joining);
    try {
      return await joining;
    } catch (error) {
      if (error instanceof HttpException && error.status === 403)
        refusals.set(error.discordCode === TOKEN_REFUSED ? tokenKey : key, error);
      throw error;
    } finally {
      inFlight.delete(key);
    }
  }

  /**
   * @param userOf returns the user, and what to call when their memberships have changed. Called after the options
   * were checked
   * @returns `null` if the user was a member already and `evenIfMember` is not set
   * @throws HttpException, RateLimited, TypeError
   * @see https://docs.discord.com/developers/resources/guild#add-guild-member
   */
  return async function joinGuild(
    guildId: string,
    options: JoinOptions | JoinOrUpdateOptions | undefined,
    userOf: () => Promise<{ id: string; accessToken: string; onChange: () => void }>,
  ): Promise<JoinOutcome | null> {
    const { nick, roles, mute, deaf, evenIfMember } = joinOptions(options);
    requireSnowflake(guildId, "guildId");
    const roleIds = [...new Set(roles)];
    for (const role of roleIds) requireSnowflake(role, "a role");
    const { id, accessToken, onChange } = await userOf();
    const route = `/guilds/${guildId}/members/${requireSnowflake(id, "the user's id")}`;
    const toMember = (payload: unknown) => GuildMember.from(payload, guildId);
    const json = { access_token: accessToken, nick, roles: roles && roleIds, mute, deaf };
    const appliedRoles: string[] = [];

    const add = () => bot.send(route, { method: "PUT", json }, { alsoSecret: accessToken });
    /** Adds missing roles one by one, because a list of roles would replace the existing ones. */
    const update = async () => {
      const member = await bot.fetch(route, toMember);
      for (const role of roleIds.filter((one) => !member.hasRole(one))) {
        await bot.send(`${route}/roles/${role}`, { method: "PUT" });
        appliedRoles.push(role);
      }
      if (nick !== undefined && nick !== (member.nick ?? ""))
        return bot.fetch(route, toMember, { method: "PATCH", json: { nick } });
      return toMember({ ...member.payload, roles: [...member.roles, ...appliedRoles] });
    };
    try {
      const key = `${route} ${Object.keys(options ?? {}).sort()} ${digestOf(roleIds.join())}`;
      const payload = await unlessRefused(key, accessToken, add);
      if (payload !== undefined) {
        onChange();
        return { joined: true, member: parseAnswer({ method: "PUT", route }, () => toMember(payload)) };
      }
      if (!evenIfMember) return null;
      const updating = unlessRefused(`${key} update`, accessToken, () => update().finally(onChange));
      return { joined: false, member: await updating };
    } catch (error) {
      if (!(error instanceof HttpException)) throw error;
      const named = NAMED_REFUSALS[error.discordCode ?? 0];
      const raised = named ? restated(error, named) : error;
      throw evenIfMember ? Object.assign(raised, { appliedRoles }) : raised;
    }
  };
}

/** Returns a copy of an error, because callers may add to it. @param fields what the copy says instead */
function restated(error: HttpException, fields?: Pick<HttpException, "message" | "code">): HttpException {
  return new HttpException({ ...error, message: error.message, cause: error, ...fields });
}
