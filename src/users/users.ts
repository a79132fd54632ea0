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
import { requireScopeOf } from "../scopes.js";
import { cacheKey, createCache, type FetchOptions, LoadingCache } from "./loading-cache.js";
import { credentialsOf } from "./user-calls.js";

/** A kind of data about a user. */
export type Resource<T extends object> = ReturnType<typeof createResource<T>>;

/**
 * @param route with `:id` for the guild's id, if the data is about a guild
 * @param lru by grant id and, if the data is about a guild, the guild's id
 */
function createResource<T extends object>(
  config: Config,
  route: string,
  parse: (payload: unknown, guildId: string) => T,
  lru = createCache<T>(config),
) {
  const cache = new LoadingCache(lru);
  return {
    cache,

    /**
     * Returns the data from the cache, or fetches it.
     *
     * @param send sends a call as the user
     * @throws MissingScopes, and what `send` throws
     */
    async fetch(
      token: Token,
      send: (path: string) => Promise<unknown>,
      options: FetchOptions = {},
      guildId = "",
    ): Promise<T> {
      // Before the cache, because cached data must not outlive the sign-in or its scopes.
      requireScopeOf(route, token.scopes);
      const path = route.replace(":id", guildId);
      const load = async () => {
        const payload = await send(path);
        return parseAnswer({ method: "GET", route: path }, () => parse(payload, guildId));
      };
      return cache.fetch(cacheKey(token.id, guildId), options, load, token.accessToken);
    },
  };
}

/**
 * Fetches and caches data about signed-in users. Cached by grant, so that a session with few scopes never gets data
 * that one with more scopes has fetched, and nobody gets data of the previous user of a browser.
 */
export type Users = ReturnType<typeof createUsers>;

/** Creates {@link Users}. */
export function createUsers(config: Config, rest: Rest) {
  const usersCache = config.usersCache ?? createCache<User>(config);
  const resources = {
    user: createResource(config, "/users/@me", (payload) => User.from(payload), usersCache),
    guilds: createResource<readonly Guild[]>(config, "/users/@me/guilds", (payload) =>
      requireList(payload, "The response").map((one) => Guild.from(one)),
    ),
    connections: createResource<readonly UserConnection[]>(config, "/users/@me/connections", (payload) =>
      requireList(payload, "The response").map((one) => UserConnection.from(one)),
    ),
    member: createResource(config, "/users/@me/guilds/:id/member", (payload, guildId) =>
      GuildMember.from(payload, guildId),
    ),
    authorization: createResource(config, "/oauth2/@me", readAuthorization),
  };

  return {
    ...resources,
    usersCache,

    /** Fetches the user of a login that is not complete yet. @throws RateLimited, HttpException, MissingScopes */
    ofNewLogin: (token: Token) =>
      resources.user.fetch(token, (path) => rest.send(credentialsOf(token), path)),

    /** Returns the last cached user of a sign-in, of any age. */
    lastKnown: (grantId: string) => resources.user.cache.lastKnown(cacheKey(grantId)),

    forget(grantId: string): void {
      for (const { cache } of Object.values(resources)) cache.forget(cacheKey(grantId));
    },
  };
}
