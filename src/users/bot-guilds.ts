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
/** The maximum age of the list to conclude that a guild is not in it: the bot may have joined since. */
const ABSENCE_MS = 30_000;

/** The guilds that the bot is in. */
export class BotGuilds {
  readonly #config: Config;
  readonly #bot: BotCalls;
  /** The guilds, or the error if they are too many. */
  readonly #cache: LoadingCache<ReadonlyMap<string, Guild> | HttpException>;

  constructor(config: Config, bot: BotCalls) {
    this.#config = config;
    this.#bot = bot;
    this.#cache = new LoadingCache(boundedCache(1, config.cacheTtlMs));
  }

  /**
   * Returns the guilds of the bot, by id.
   *
   * @throws HttpException `too_many_guilds` for 5,000 or more
   * @throws RateLimited
   */
  async all(options: FetchOptions = {}): Promise<ReadonlyMap<string, Guild>> {
    const guilds = await this.#cache.fetch("", options, () => this.#load());
    if (guilds instanceof HttpException) throw guilds;
    return guilds;
  }

  /** Whether the bot is in a guild. @throws like {@link all} */
  async has(guildId: string): Promise<boolean> {
    const { isBotInGuild } = this.#config;
    // Apps may return what their bot's cache holds: the guild itself, or undefined.
    if (isBotInGuild) return Boolean(await isBotInGuild(guildId));
    return (await this.all()).has(guildId) || (await this.all({ maxAgeMs: ABSENCE_MS })).has(guildId);
  }

  /** Returns copies of the guilds with `hasBot` set. @throws like {@link all} */
  async mark(guilds: readonly Guild[], options: FetchOptions): Promise<Guild[]> {
    if (this.#config.isBotInGuild)
      return Promise.all(guilds.map(async ({ id, payload }) => new Guild(payload, await this.has(id))));
    const own = await this.all(options);
    return guilds.map(({ id, payload }) => new Guild(payload, own.has(id)));
  }

  /** Drops the cached list, after the bot has joined or left a guild. */
  forget(): void {
    this.#cache.forget("");
  }

  async #load(): Promise<ReadonlyMap<string, Guild> | HttpException> {
    const guilds = new Map<string, Guild>();
    let after: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const page = await this.#bot.fetch(ROUTE, toGuilds, { query: { limit: PAGE, after } });
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
}

function toGuilds(payload: unknown): Guild[] {
  return requireList(payload, "The response").map((one) => Guild.from(one));
}
