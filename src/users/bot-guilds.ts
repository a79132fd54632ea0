import { boundedCache } from "../bounded-cache.js";
import type { Config } from "../config.js";
import { HttpException } from "../errors.js";
import { Guild } from "../models/guild.js";
import { requireList } from "../models/model.js";
import type { BotCalls } from "./bot-calls.js";
import { type FetchOptions, LoadingCache } from "./loading-cache.js";

const ROUTE = "/users/@me/guilds";
const PAGE = 200;
const MOST_PAGES = 25;
/** How long a guild without the bot counts as one: the bot may have joined since. */
const ABSENCE_MS = 30_000;
const MOST_LEFT = 1000;

/** The guilds that the bot is in. */
export type BotGuilds = ReturnType<typeof createBotGuilds>;

/**
 * Creates {@link BotGuilds}. Without the option `isBotInGuild`, its functions throw HttpException `too_many_guilds` for
 * 5,000 guilds or more, and RateLimited.
 */
export function createBotGuilds({ isBotInGuild, cacheTtlMs }: Config, bot: BotCalls) {
  /** The guilds, or the error if they are too many. */
  const cache = new LoadingCache<ReadonlyMap<string, Guild> | HttpException>(boundedCache(1, cacheTtlMs));
  /** Guilds that the bot has left, as Discord has said. The app's isBotInGuild may not know yet. */
  const left = boundedCache<true>(MOST_LEFT, ABSENCE_MS);

  /** Returns the guilds of the bot, by id. */
  async function all(options: FetchOptions = {}): Promise<ReadonlyMap<string, Guild>> {
    const guilds = await cache.fetch("", options, load);
    if (guilds instanceof HttpException) throw guilds;
    return guilds;
  }

  /** Whether the bot is in a guild. */
  async function has(guildId: string): Promise<boolean> {
    if (left.has(guildId)) return false;
    // Apps may return what their bot's cache holds: the guild itself, or undefined.
    if (isBotInGuild) return Boolean(await isBotInGuild(guildId));
    return (await all()).has(guildId) || (await all({ maxAgeMs: ABSENCE_MS })).has(guildId);
  }

  async function load(): Promise<ReadonlyMap<string, Guild> | HttpException> {
    const guilds = new Map<string, Guild>();
    let after: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const page = await bot.fetch(ROUTE, toGuilds, { query: { limit: PAGE, after } });
      for (const guild of page) guilds.set(guild.id, guild);
      after = page.at(-1)?.id;
      if (page.length < PAGE) return guilds;
    }
    return new HttpException({
      message: `The bot is in ${PAGE * MOST_PAGES} guilds or more, too many to list. Set the option isBotInGuild of DiscordOAuth2Session to look guilds up yourself.`,
      code: "too_many_guilds",
      method: "GET",
      route: ROUTE,
    });
  }

  return {
    all,
    has,

    /** Returns copies of the guilds with `hasBot` set. */
    async mark(guilds: readonly Guild[], options: FetchOptions): Promise<Guild[]> {
      if (isBotInGuild)
        return Promise.all(guilds.map(async ({ id, payload }) => new Guild(payload, await has(id))));
      const own = await all(options);
      return guilds.map(({ id, payload }) => new Guild(payload, own.has(id)));
    },

    /** Drops what is cached, after the bot has joined a guild. */
    forget(): void {
      cache.forget("");
      left.clear();
    },

    /** Drops the cached list, after Discord has said that the bot is not in this guild. */
    leave(guildId: string): void {
      cache.forget("");
      left.set(guildId, true);
    },
  };
}

function toGuilds(payload: unknown): Guild[] {
  return requireList(payload, "The response").map((one) => Guild.from(one));
}
