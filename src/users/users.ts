import { LRUCache } from "lru-cache";
import { steadyNow } from "../clock.js";
import type { Config } from "../config.js";
import type { Token } from "../grants/token.js";
import { readAuthorization } from "../models/authorization.js";
import { Guild } from "../models/guild.js";
import { GuildMember } from "../models/guild-member.js";
import { requireList } from "../models/model.js";
import { User } from "../models/user.js";
import { UserConnection } from "../models/user-connection.js";
import { parseAnswer } from "../rest/answer.js";
import type { Rest } from "../rest/rest.js";
import { scopeOf } from "../scopes.js";
import { cacheKey, LoadingCache } from "./loading-cache.js";
import { credentialsOf } from "./user-calls.js";

/** A kind of data about a user. */
export interface Resource<T extends object> {
  /** The route, with `:id` for the guild's id if the data is about a guild. */
  readonly route: string;
  readonly scope: string | undefined;
  /** The cache, by grant id and, if the data is about a guild, the guild's id. */
  readonly cache: LoadingCache<T>;
  /** Fetches the data. @param send sends the call */
  load(send: (path: string) => Promise<unknown>, guildId?: string): Promise<T>;
}

/** Parsed JSON takes about this many bytes of memory per character (measured: 1.2 to 1.9). */
const BYTES_PER_CHARACTER = 2;

/**
 * Fetches and caches data about signed-in users. Cached by grant, so that a session with few scopes never gets data
 * that one with more scopes has fetched, and nobody gets data of the previous user of a browser.
 */
export type Users = ReturnType<typeof createUsers>;

/** Creates {@link Users}. */
export function createUsers(config: Config, rest: Rest) {
  const resource = <T extends object>(
    route: string,
    parse: (payload: unknown, guildId: string) => T,
    cache = createCache<T>(config),
  ): Resource<T> => ({
    route,
    scope: scopeOf(route),
    cache: new LoadingCache(cache),
    async load(send, guildId = "") {
      const path = route.replace(":id", guildId);
      const payload = await send(path);
      return parseAnswer({ method: "GET", route: path }, () => parse(payload, guildId));
    },
  });

  const usersCache = config.usersCache ?? createCache<User>(config);
  const resources = {
    user: resource("/users/@me", (payload) => User.from(payload), usersCache),
    guilds: resource<readonly Guild[]>("/users/@me/guilds", (payload) =>
      requireList(payload, "The response").map((one) => Guild.from(one)),
    ),
    connections: resource<readonly UserConnection[]>("/users/@me/connections", (payload) =>
      requireList(payload, "The response").map((one) => UserConnection.from(one)),
    ),
    member: resource("/users/@me/guilds/:id/member", (payload, guildId) =>
      GuildMember.from(payload, guildId),
    ),
    authorization: resource("/oauth2/@me", readAuthorization),
  };

  return {
    ...resources,
    usersCache,

    /** Fetches the user of a login that is not complete yet. @throws RateLimited, HttpException */
    ofNewLogin(token: Token): Promise<User> {
      const { cache, load } = resources.user;
      const send = (path: string) => rest.send(credentialsOf(token), path);
      return cache.fetch(cacheKey(token.id), {}, () => load(send), token.accessToken);
    },

    /** Returns the last cached user of a sign-in, of any age. */
    lastKnown: (grantId: string) => resources.user.cache.lastKnown(cacheKey(grantId)),

    forget(grantId: string): void {
      for (const { cache } of Object.values(resources)) cache.forget(cacheKey(grantId));
    },
  };
}

/** Creates a cache with the configured limits. */
export function createCache<T extends object>({
  cacheMax,
  cacheMaxBytes,
  cacheTtlMs,
}: Config): LRUCache<string, T> {
  return new LRUCache<string, T>({
    max: cacheMax,
    maxSize: cacheMaxBytes,
    sizeCalculation: (value) => BYTES_PER_CHARACTER * JSON.stringify(value).length,
    ttl: cacheTtlMs,
    ttlResolution: 0,
    perf: { now: steadyNow },
  });
}
