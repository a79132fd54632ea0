import type { Config } from "../config.js";
import type { Grants } from "../grants/grants.js";
import type { Token } from "../grants/token.js";
import type { TokenStorage } from "../grants/token-storage.js";
import type { Authorization } from "../models/authorization.js";
import type { Guild } from "../models/guild.js";
import type { GuildMember } from "../models/guild-member.js";
import type { User } from "../models/user.js";
import type { UserConnection } from "../models/user-connection.js";
import type { ApiRequest } from "../rest/api-request.js";
import { parseRoute } from "../rest/route.js";
import { requireGranted, requireScopeOf } from "../scopes.js";
import { requireSnowflake } from "../snowflake.js";
import type { BotGuilds } from "./bot-guilds.js";
import type { BotMembers, Membership } from "./bot-members.js";
import type { JoinGuild, JoinOptions, JoinOrUpdateOptions, JoinOutcome } from "./guild-join.js";
import {
  cacheKey,
  type FetchOptions,
  fetchOptions,
  type GuildsOptions,
  guildsOptions,
  type MemberOptions,
  memberOptions,
} from "./loading-cache.js";
import {
  fromPayload,
  type RoleConnection,
  type RoleConnectionUpdate,
  toPayload,
} from "./role-connections.js";
import type { UserCalls } from "./user-calls.js";
import type { Resource, Users } from "./users.js";

interface Parts {
  readonly config: Config;
  readonly grants: Grants;
  readonly users: Users;
  readonly calls: UserCalls;
  readonly botGuilds: BotGuilds;
  readonly botMembers: BotMembers;
  readonly joinGuild: JoinGuild;
}

type OnUser = (grantId: string, userId: string) => void;

/**
 * Calls to Discord as one user, outside of any request. `sessionFromToken` and `sessionFromAccessToken` return one. The
 * methods of `DiscordOAuth2Session` that take a request do the same for the user of that request.
 */
export class UserSession {
  readonly #parts: Parts;
  readonly #storage: TokenStorage;
  readonly #onUser: OnUser | undefined;

  /** @internal @param onUser called with the fetched user if the grant's token does not name them */
  constructor(parts: Parts, storage: TokenStorage, onUser?: OnUser) {
    this.#parts = parts;
    this.#storage = storage;
    this.#onUser = onUser;
  }

  /** @throws Unauthorized when the sign-in has ended @internal */
  async requireSignIn(): Promise<void> {
    await this.#validToken();
  }

  /** Fetches the user, like {@link DiscordOAuth2Session.fetchUser}. */
  async fetchUser(options?: FetchOptions): Promise<User> {
    const checked = fetchOptions(options);
    const token = await this.#validToken();
    const user = await this.#read(token, this.#parts.users.user, checked);
    if (token.userId === undefined) this.#onUser?.(token.id, user.id);
    return user;
  }

  /** Fetches the user's guilds, like {@link DiscordOAuth2Session.fetchGuilds}. */
  async fetchGuilds(options?: GuildsOptions): Promise<Guild[]> {
    const { withBot, ...rest } = guildsOptions(options);
    const guilds = await this.#fetch(this.#parts.users.guilds, rest);
    return withBot ? this.#parts.botGuilds.mark(guilds, rest) : [...guilds];
  }

  /** Fetches the user's linked accounts, like {@link DiscordOAuth2Session.fetchConnections}. */
  async fetchConnections(options?: FetchOptions): Promise<UserConnection[]> {
    return [...(await this.#fetch(this.#parts.users.connections, fetchOptions(options)))];
  }

  /** Fetches the user as a member of a guild, like {@link DiscordOAuth2Session.fetchMember}. */
  async fetchMember(guildId: string, options?: MemberOptions): Promise<GuildMember> {
    const { as, ...rest } = memberOptions(options);
    if (as === "bot") return (await this.membershipAsBot(guildId, rest)).member;
    return this.#fetch(this.#parts.users.member, rest, requireSnowflake(guildId, "guildId"));
  }

  /** Fetches the user's membership in a guild, as the bot. @internal */
  async membershipAsBot(guildId: string, options: FetchOptions): Promise<Membership> {
    const { botMembers } = this.#parts;
    requireSnowflake(guildId, "guildId");
    return botMembers.membership(guildId, await this.#userId(await this.#validToken()), options);
  }

  /** Fetches the authorization, like {@link DiscordOAuth2Session.fetchAuthorization}. */
  async fetchAuthorization(options?: FetchOptions): Promise<Authorization> {
    return this.#fetch(this.#parts.users.authorization, fetchOptions(options));
  }

  /** Adds the user to a guild of the bot, like {@link DiscordOAuth2Session.addToGuild}. */
  addToGuild(guildId: string, options?: JoinOptions): Promise<GuildMember | null>;
  /** Adds the user to a guild of the bot or updates the member, like {@link DiscordOAuth2Session.addToGuild}. */
  addToGuild(guildId: string, options: JoinOrUpdateOptions): Promise<JoinOutcome>;
  async addToGuild(
    guildId: string,
    options?: JoinOptions | JoinOrUpdateOptions,
  ): Promise<GuildMember | JoinOutcome | null> {
    const { botMembers, joinGuild, users } = this.#parts;
    const result = await joinGuild(guildId, options, async () => {
      const token = await this.#validToken();
      requireGranted(token.scopes, ["guilds.join"], "addToGuild");
      const id = await this.#userId(token);
      const onChange = () => {
        users.guilds.cache.forget(cacheKey(token.id));
        users.member.cache.forget(cacheKey(token.id, guildId));
        botMembers.forget(guildId, id);
      };
      return { id, accessToken: token.accessToken, onChange };
    });
    return options?.evenIfMember ? result : (result?.member ?? null);
  }

  /** Fetches the user's role connection, like {@link DiscordOAuth2Session.fetchRoleConnection}. */
  async fetchRoleConnection(): Promise<RoleConnection> {
    return fromPayload(await this.request(this.#roleConnectionRoute));
  }

  /** Replaces the user's role connection, like {@link DiscordOAuth2Session.updateRoleConnection}. */
  async updateRoleConnection(update: RoleConnectionUpdate): Promise<RoleConnection> {
    return fromPayload(
      await this.request(this.#roleConnectionRoute, { method: "PUT", json: toPayload(update) }),
    );
  }

  /** Removes the user's role connection, like {@link DiscordOAuth2Session.deleteRoleConnection}. */
  async deleteRoleConnection(): Promise<void> {
    await this.request(this.#roleConnectionRoute, { method: "DELETE" });
  }

  /**
   * Signs the user out everywhere: Discord revokes the tokens of all their sign-ins to this application, this one's
   * included. Then calls `onChange` with `undefined`. If you only want to discard a token, delete it where you store it.
   *
   * The user's other sign-ins in this process end at once if the token has a `userId`, otherwise when Discord refuses
   * them.
   *
   * @throws HttpException, RateLimited if Discord could not revoke the tokens. Nothing has changed then: try again
   */
  async revoke(): Promise<void> {
    const { grants, users } = this.#parts;
    const token = await grants.read(this.#storage);
    if (!token) return;
    await grants.revokeHeld(this.#storage, token);
    users.forget(token.id);
  }

  /** Calls any route of the API as the user, like {@link DiscordOAuth2Session.request}. */
  async request<T = unknown>(route: string, request?: ApiRequest): Promise<T> {
    const { template } = parseRoute(route);
    const token = await this.#validToken();
    requireScopeOf(template, token.scopes);
    return this.#parts.calls.send(this.#storage, token, route, request) as Promise<T>;
  }

  /** Every call gets its token here. */
  #validToken(): Promise<Token> {
    return this.#parts.grants.validToken(this.#storage);
  }

  async #userId(token: Token): Promise<string> {
    return token.userId ?? (await this.#read(token, this.#parts.users.user)).id;
  }

  async #fetch<T extends object>(resource: Resource<T>, options: FetchOptions, guildId?: string): Promise<T> {
    return this.#read(await this.#validToken(), resource, options, guildId);
  }

  #read<T extends object>(
    token: Token,
    resource: Resource<T>,
    options?: FetchOptions,
    guildId?: string,
  ): Promise<T> {
    const send = (path: string) => this.#parts.calls.send(this.#storage, token, path);
    return resource.fetch(token, send, options, guildId);
  }

  get #roleConnectionRoute(): string {
    return `/users/@me/applications/${this.#parts.config.clientId}/role-connection`;
  }
}
