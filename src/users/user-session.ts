import type { Config } from "../config.js";
import type { Grants } from "../grants/grants.js";
import type { TokenStorage } from "../grants/token-storage.js";
import type { Authorization } from "../models/authorization.js";
import type { Guild } from "../models/guild.js";
import type { GuildMember } from "../models/guild-member.js";
import type { User } from "../models/user.js";
import type { UserConnection } from "../models/user-connection.js";
import type { ApiRequest } from "../rest/api-request.js";
import { requireGranted } from "../scopes.js";
import type { BotCalls } from "./bot-calls.js";
import { type JoinOptions, joinGuild } from "./guild-join.js";
import { type FetchOptions, fetchOptions } from "./remembered.js";
import {
  fromPayload,
  type RoleConnection,
  type RoleConnectionUpdate,
  toPayload,
} from "./role-connections.js";
import type { UserCalls } from "./user-calls.js";
import type { Users } from "./users.js";

interface Parts {
  readonly config: Config;
  readonly grants: Grants;
  readonly users: Users;
  readonly calls: UserCalls;
  readonly bot: BotCalls;
}

/**
 * Everything that can be done in the name of one user, outside of any request as well. Get one from
 * `sessionFromToken` or `sessionFromAccessToken`; the methods of `DiscordOAuth2Session` that take a request do the same
 * for the user of that request.
 */
export class UserSession {
  readonly #parts: Parts;
  readonly #place: TokenStorage;

  /** @internal */
  constructor(parts: Parts, place: TokenStorage) {
    this.#parts = parts;
    this.#place = place;
  }

  /** The user. Needs `identify`; with `email` also their address. @throws Unauthorized, MissingScopes, RateLimited, HttpException */
  async fetchUser(options?: FetchOptions): Promise<User> {
    return this.#parts.users.user(this.#place, fetchOptions(options));
  }

  /** The user's guilds, 200 at most. Needs `guilds`. @throws Unauthorized, MissingScopes, RateLimited, HttpException */
  async fetchGuilds(options?: FetchOptions): Promise<Guild[]> {
    return this.#parts.users.guilds(this.#place, fetchOptions(options));
  }

  /** The accounts elsewhere that the user has linked. Needs `connections`. @throws Unauthorized, MissingScopes, RateLimited, HttpException */
  async fetchConnections(options?: FetchOptions): Promise<UserConnection[]> {
    return this.#parts.users.connections(this.#place, fetchOptions(options));
  }

  /**
   * The user as a member of one guild. Needs `guilds.members.read`.
   *
   * @throws HttpException 404 when the user is not in the guild
   * @throws Unauthorized, MissingScopes, RateLimited, TypeError (invalid_snowflake)
   */
  async fetchMember(guildId: string, options?: FetchOptions): Promise<GuildMember> {
    return this.#parts.users.member(this.#place, guildId, fetchOptions(options));
  }

  /** What Discord says of the sign-in itself. Needs no scope. @throws Unauthorized, RateLimited, HttpException */
  async fetchAuthorization(options?: FetchOptions): Promise<Authorization> {
    return this.#parts.users.authorization(this.#place, fetchOptions(options));
  }

  /**
   * Adds the user to a guild that the bot is in. Needs `guilds.join` and the bot's token.
   *
   * @returns the new member; `null` when the user was one before, and nothing was changed
   * @throws HttpException `banned_from_guild`, `guild_limit_reached`, `user_token_rejected`, `bot_token_rejected`, ...
   * @throws Unauthorized, MissingScopes, RateLimited, TypeError (invalid_snowflake)
   */
  async addToGuild(guildId: string, options?: JoinOptions): Promise<GuildMember | null> {
    const { grants, users, bot } = this.#parts;
    const userOf = async () => {
      const { accessToken, scopes, userId } = await grants.validToken(this.#place);
      requireGranted(scopes, ["guilds.join"], "addToGuild");
      return { id: userId ?? (await users.user(this.#place)).id, accessToken };
    };
    return joinGuild(bot, guildId, userOf, options);
  }

  /** The user's link to this application. Needs `role_connections.write`. @throws Unauthorized, MissingScopes, RateLimited, HttpException */
  async fetchRoleConnection(): Promise<RoleConnection> {
    return fromPayload(await this.request(this.#roleConnectionRoute));
  }

  /** Replaces the user's link to this application. @returns it as Discord keeps it @throws as {@link fetchRoleConnection} */
  async updateRoleConnection(update: RoleConnectionUpdate): Promise<RoleConnection> {
    return fromPayload(
      await this.request(this.#roleConnectionRoute, { method: "PUT", json: toPayload(update) }),
    );
  }

  /** Removes the user's link to this application. @throws as {@link fetchRoleConnection} */
  async deleteRoleConnection(): Promise<void> {
    await this.request(this.#roleConnectionRoute, { method: "DELETE" });
  }

  /**
   * Any route of the API, as the user.
   *
   * @param route below `/api/v10`, such as `/users/@me`
   * @returns the parsed JSON; `undefined` for an answer without a body
   * @throws TypeError for a route that leaves the API
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   */
  request<T = unknown>(route: string, request?: ApiRequest): Promise<T> {
    return this.#parts.calls.send(this.#place, route, request) as Promise<T>;
  }

  get #roleConnectionRoute(): string {
    return `/users/@me/applications/${this.#parts.config.clientId}/role-connection`;
  }
}
