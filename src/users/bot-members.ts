import type { LRUCache } from "lru-cache";
import { Forbidden, HttpException } from "../errors.js";
import { GuildMember } from "../models/guild-member.js";
import { isObject } from "../models/model.js";
import { Permissions } from "../permissions.js";
import { parseAnswer } from "../rest/answer.js";
import type { BotCalls } from "./bot-calls.js";
import type { BotGuilds } from "./bot-guilds.js";
import { cacheKey, type FetchOptions, LoadingCache } from "./loading-cache.js";

/** A member of a guild, looked up as the bot. */
export interface Membership {
  /** The member, with the permissions of their roles or of an owner, without channel overwrites. */
  readonly member: GuildMember;
  readonly isOwner: boolean;
}

/** The parts of a guild that determine permissions. */
interface GuildRights {
  readonly ownerId: string | undefined;
  readonly permissionsOfRole: ReadonlyMap<string, bigint>;
}

/** A member's payload, or Discord's 404. */
interface Lookup {
  readonly payload?: object | undefined;
  readonly missing?: HttpException | undefined;
}

/** Looks members up as the bot, for visitors who have granted only `identify`. */
export class BotMembers {
  readonly #bot: BotCalls;
  readonly #botGuilds: BotGuilds;
  readonly #rights: LoadingCache<GuildRights>;
  readonly #lookups: LoadingCache<Lookup>;
  /** The first lookup. Others wait for its response, whose headers say how many may follow. */
  #scout: Promise<unknown> | undefined;

  /** @param createCache makes a cache of the configured size */
  constructor(bot: BotCalls, botGuilds: BotGuilds, createCache: <T extends object>() => LRUCache<string, T>) {
    this.#bot = bot;
    this.#botGuilds = botGuilds;
    this.#rights = new LoadingCache(createCache<GuildRights>());
    this.#lookups = new LoadingCache(createCache<Lookup>());
  }

  /**
   * @throws Forbidden when the bot is not in the guild
   * @throws HttpException status 404 when the user is not in the guild
   * @throws RateLimited
   */
  async membership(guildId: string, userId: string, options: FetchOptions): Promise<Membership> {
    if (!(await this.#botGuilds.has(guildId))) throw botNotInGuild();
    const { payload, missing } = await this.#lookups.fetch(cacheKey(guildId, userId), options, () =>
      this.#lookUp(guildId, userId),
    );
    if (missing) throw missing;
    const rights = await this.#rights.fetch(guildId, options, () => this.#loadRights(guildId));
    const isOwner = rights.ownerId === userId;
    const member = parseAnswer({ method: "GET", route: memberRoute(guildId, userId) }, () => {
      const { roles } = GuildMember.from(payload, guildId);
      const permissions = isOwner ? Permissions.all : permissionsOf(rights, guildId, roles);
      return GuildMember.from({ ...payload, permissions: permissions.toString() }, guildId);
    });
    return { member, isOwner };
  }

  /** Drops a cached member, after a change. */
  forget(guildId: string, userId: string): void {
    this.#lookups.forget(cacheKey(guildId, userId));
  }

  async #lookUp(guildId: string, userId: string): Promise<Lookup> {
    const route = memberRoute(guildId, userId);
    const isFirst = this.#scout === undefined;
    if (!isFirst) await this.#scout;
    const answering = this.#bot.send(route);
    if (isFirst) this.#scout = Promise.allSettled([answering]);
    const payload = await this.#asMember(answering).catch((error: unknown) => {
      if (error instanceof HttpException && error.status === 404) return error;
      throw error;
    });
    if (payload instanceof HttpException) return { missing: payload };
    return { payload: parseAnswer({ method: "GET", route }, () => requireObject(payload)) };
  }

  async #loadRights(guildId: string): Promise<GuildRights> {
    const route = `/guilds/${guildId}`;
    const payload = await this.#asMember(this.#bot.send(route));
    return parseAnswer({ method: "GET", route }, () => readRights(payload));
  }

  /** Converts the error of a guild that the bot has left since the list was fetched. */
  async #asMember(answering: Promise<unknown>): Promise<unknown> {
    try {
      return await answering;
    } catch (error) {
      const isOut = error instanceof HttpException && [10004, 50001].includes(error.discordCode ?? 0);
      if (!isOut) throw error;
      this.#botGuilds.forget();
      throw botNotInGuild();
    }
  }
}

function memberRoute(guildId: string, userId: string): string {
  return `/guilds/${guildId}/members/${userId}`;
}

function permissionsOf(
  { permissionsOfRole }: GuildRights,
  guildId: string,
  roles: readonly string[],
): Permissions {
  // The id of the role @everyone is the guild's id.
  const value = [guildId, ...roles].reduce((sum, role) => sum | (permissionsOfRole.get(role) ?? 0n), 0n);
  const permissions = new Permissions(value);
  return permissions.has("ADMINISTRATOR") ? Permissions.all : permissions;
}

function readRights(payload: unknown): GuildRights {
  const { owner_id: ownerId, roles } = requireObject(payload) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(roles)) throw new TypeError("A guild must have a list of roles.");
  const entries = roles.map((role: unknown) => {
    const { id, permissions } = requireObject(role) as Readonly<Record<string, unknown>>;
    if (typeof id !== "string" || typeof permissions !== "string")
      throw new TypeError("A role must have an id and permissions.");
    return [id, BigInt(permissions)] as const;
  });
  return {
    ownerId: typeof ownerId === "string" ? ownerId : undefined,
    permissionsOfRole: new Map(entries),
  };
}

function requireObject(payload: unknown): object {
  if (isObject(payload)) return payload;
  throw new TypeError("The response must be an object.");
}

function botNotInGuild(): Forbidden {
  return new Forbidden("The bot is not in this guild.");
}
