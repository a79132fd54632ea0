import type { APIGuild, APIGuildMember } from "discord-api-types/v10";
import type { Config } from "../config.js";
import { Forbidden, HttpException } from "../errors.js";
import { GuildMember } from "../models/guild-member.js";
import { requireList, requireObject } from "../models/model.js";
import { Permissions } from "../permissions.js";
import { parseAnswer } from "../rest/answer.js";
import type { BotCalls } from "./bot-calls.js";
import type { BotGuilds } from "./bot-guilds.js";
import { cacheKey, createCache, type FetchOptions, LoadingCache } from "./loading-cache.js";

/** A member of a guild, looked up as the bot. */
export interface Membership {
  /**
   * The member, with the permissions of an owner or of their roles, less what a timeout takes away. Ignores channel
   * overwrites.
   */
  readonly member: GuildMember;
  readonly isOwner: boolean;
}

/** The parts of a guild that determine permissions. */
type GuildRights = ReturnType<typeof readRights>;

/** What Discord leaves to members who are timed out, except for owners and administrators. */
const WHEN_TIMED_OUT = new Permissions(["VIEW_CHANNEL", "READ_MESSAGE_HISTORY"]);

/** How many calls may be sent in a second, of the 50 that Discord allows. The rest is for the bot's other calls. */
const RIGHTS = { mostPaced: 45 };
/** Half, because the roles of the guild may have to be fetched for each member as well. */
const LOOKUP = { mostPaced: 25 };

/** Looks members up as the bot, for visitors who have granted only `identify`. */
export type BotMembers = ReturnType<typeof createBotMembers>;

/** Creates {@link BotMembers}. */
export function createBotMembers(config: Config, bot: BotCalls, botGuilds: BotGuilds) {
  const rightsCache = new LoadingCache(createCache<GuildRights>(config));
  /** The payload of each member, or Discord's 404. */
  const lookups = new LoadingCache(createCache(config));
  /** The first lookup. Others wait for its response, whose headers say how many may follow. */
  let scout: Promise<unknown> | undefined;

  /** @returns the payload of the member, or Discord's 404 */
  async function lookUp(guildId: string, userId: string): Promise<object> {
    const isFirst = scout === undefined;
    if (!isFirst) await scout;
    const answering = bot.fetch(memberRoute(guildId, userId), readMember, {}, LOOKUP);
    if (isFirst) scout = Promise.allSettled([answering]);
    return asMember(guildId, answering).catch((error: unknown) => {
      if (error instanceof HttpException && error.status === 404) return error;
      throw error;
    });
  }

  /** Converts the error of a guild that the bot has left since the list was fetched. */
  async function asMember<T>(guildId: string, answering: Promise<T>): Promise<T> {
    try {
      return await answering;
    } catch (error) {
      const isOut = error instanceof HttpException && [10004, 50001].includes(error.discordCode ?? 0);
      if (!isOut) throw error;
      botGuilds.leave(guildId);
      throw botNotInGuild();
    }
  }

  return {
    /**
     * @throws Forbidden when the bot is not in the guild
     * @throws HttpException status 404 when the user is not in the guild
     * @throws RateLimited
     */
    async membership(guildId: string, userId: string, options: FetchOptions): Promise<Membership> {
      if (!(await botGuilds.has(guildId))) throw botNotInGuild();
      const key = cacheKey(guildId, userId);
      const payload = await lookups.fetch(key, options, () => lookUp(guildId, userId));
      if (payload instanceof HttpException) throw payload;
      const rights = await rightsCache.fetch(guildId, options, () =>
        asMember(guildId, bot.fetch(`/guilds/${guildId}`, readRights, {}, RIGHTS)),
      );
      const isOwner = rights.ownerId === userId;
      const member = parseAnswer({ method: "GET", route: memberRoute(guildId, userId) }, () => {
        const permissions = isOwner
          ? Permissions.all
          : permissionsOf(rights, GuildMember.from(payload, guildId));
        return GuildMember.from({ ...payload, permissions: permissions.toString() }, guildId);
      });
      return { member, isOwner };
    },

    /** Drops a cached member, after a change. */
    forget: (guildId: string, userId: string) => lookups.forget(cacheKey(guildId, userId)),
  };
}

function memberRoute(guildId: string, userId: string): string {
  return `/guilds/${guildId}/members/${userId}`;
}

function permissionsOf(rights: GuildRights, { guildId, roles, isTimedOut }: GuildMember): Permissions {
  // The id of the role @everyone is the guild's id.
  const own = rights.roles.filter(({ id }) => id === guildId || roles.includes(id));
  const permissions = new Permissions(own.map((role) => BigInt(role.permissions)));
  if (permissions.has("ADMINISTRATOR")) return Permissions.all;
  return isTimedOut ? new Permissions(permissions.value & WHEN_TIMED_OUT.value) : permissions;
}

/** A guard may admit the visitor for being a member alone, so an object of any other shape is not enough. */
function readMember(payload: unknown): object {
  const member = requireObject(payload as APIGuildMember, "The response");
  requireList(member.roles, "The roles of a member");
  return member;
}

function readRights(payload: unknown) {
  const { owner_id: ownerId, roles } = requireObject(payload as APIGuild, "The response");
  return {
    ownerId,
    // A list rather than a Map, whose size the cache could not estimate.
    roles: roles.map(({ id, permissions }) => ({ id, permissions: BigInt(permissions).toString() })),
  };
}

function botNotInGuild(): Forbidden {
  return new Forbidden("The bot is not in this guild.");
}
