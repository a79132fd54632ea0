import type { Config } from "../config.js";
import type { GrantPlace } from "../grants/grant.js";
import type { Tokens } from "../grants/tokens.js";
import type { Authorization } from "../models/authorization.js";
import type { Guild } from "../models/guild.js";
import type { GuildMember } from "../models/guild-member.js";
import type { User } from "../models/user.js";
import type { UserConnection } from "../models/user-connection.js";
import type { ApiRequest } from "../rest/api-request.js";
import { requireGranted } from "../scopes.js";
import type { BotCalls } from "./bot-calls.js";
import { type JoinOptions, joinGuild } from "./guild-join.js";
import type { FetchOptions } from "./remembered.js";
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
  readonly tokens: Tokens;
  readonly users: Users;
  readonly calls: UserCalls;
  readonly bot: BotCalls;
}

/**
 * Everything that can be done in the name of one user, outside of any request as well. Get one from
 * `sessionFromToken` or `sessionFromAccessToken`; the methods of `DiscordOAuth2Session` that take a request do the same
 * for the user of that request, and say what each gives and throws.
 */
export class UserSession {
  readonly #parts: Parts;
  readonly #place: GrantPlace;

  /** @internal */
  constructor(parts: Parts, place: GrantPlace) {
    this.#parts = parts;
    this.#place = place;
  }

  fetchUser(options?: FetchOptions): Promise<User> {
    return this.#parts.users.user(this.#place, options);
  }

  fetchGuilds(options?: FetchOptions): Promise<Guild[]> {
    return this.#parts.users.guilds(this.#place, options);
  }

  fetchConnections(options?: FetchOptions): Promise<UserConnection[]> {
    return this.#parts.users.connections(this.#place, options);
  }

  fetchMember(guildId: string, options?: FetchOptions): Promise<GuildMember> {
    return this.#parts.users.member(this.#place, guildId, options);
  }

  fetchAuthorization(options?: FetchOptions): Promise<Authorization> {
    return this.#parts.users.authorization(this.#place, options);
  }

  async addToGuild(guildId: string, options: JoinOptions = {}): Promise<GuildMember | null> {
    const { tokens, users, bot } = this.#parts;
    const userOf = async () => {
      const { accessToken, scopes, userId } = await tokens.usable(this.#place);
      requireGranted(scopes, ["guilds.join"], "addToGuild");
      return { id: userId ?? (await users.user(this.#place)).id, accessToken };
    };
    return joinGuild(bot, guildId, userOf, options);
  }

  async fetchRoleConnection(): Promise<RoleConnection> {
    return fromPayload(await this.request(this.#roleConnectionRoute));
  }

  async updateRoleConnection(update: RoleConnectionUpdate): Promise<RoleConnection> {
    return fromPayload(
      await this.request(this.#roleConnectionRoute, { method: "PUT", json: toPayload(update) }),
    );
  }

  async deleteRoleConnection(): Promise<void> {
    await this.request(this.#roleConnectionRoute, { method: "DELETE" });
  }

  request<T = unknown>(route: string, request?: ApiRequest): Promise<T> {
    return this.#parts.calls.send(this.#place, route, request) as Promise<T>;
  }

  get #roleConnectionRoute(): string {
    return `/users/@me/applications/${this.#parts.config.clientId}/role-connection`;
  }
}
