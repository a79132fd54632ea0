import { LRUCache } from "lru-cache";
import { now } from "../clock.js";
import type { Config } from "../config.js";
import type { Grants } from "../grants/grants.js";
import type { Token } from "../grants/token.js";
import type { TokenStorage } from "../grants/token-storage.js";
import { type Authorization, readAuthorization } from "../models/authorization.js";
import { Guild } from "../models/guild.js";
import { GuildMember } from "../models/guild-member.js";
import { User } from "../models/user.js";
import { UserConnection } from "../models/user-connection.js";
import { requireGranted } from "../scopes.js";
import { requireSnowflake } from "../snowflake.js";
import { readable } from "./readable.js";
import { type FetchOptions, Remembered } from "./remembered.js";
import type { UserCalls } from "./user-calls.js";

/**
 * What Discord says about a signed-in user, remembered per grant: so a session with few scopes never sees what one with
 * more has fetched, and nobody sees what belonged to the former user of a browser.
 */
export class Users {
  readonly usersCache: LRUCache<string, User>;
  readonly #grants: Grants;
  readonly #calls: UserCalls;
  readonly #users: Remembered<User>;
  readonly #guilds: Remembered<readonly Guild[]>;
  readonly #connections: Remembered<readonly UserConnection[]>;
  readonly #members: Remembered<GuildMember>;
  readonly #authorizations: Remembered<Authorization>;

  constructor(config: Config, grants: Grants, calls: UserCalls) {
    this.#grants = grants;
    this.#calls = calls;
    this.usersCache = config.usersCache ?? createCache(config);
    this.#users = new Remembered(this.usersCache, true);
    this.#guilds = new Remembered(createCache<readonly Guild[]>(config));
    this.#connections = new Remembered(createCache<readonly UserConnection[]>(config));
    this.#members = new Remembered(createCache<GuildMember>(config));
    this.#authorizations = new Remembered(createCache<Authorization>(config));
  }

  async user(place: TokenStorage, options: FetchOptions = {}): Promise<User> {
    const grantId = grantWith("identify", await this.#grants.validToken(place), "/users/@me");
    return this.#users.fetch(grantId, options, async () => {
      const payload = await this.#calls.send(place, "/users/@me");
      return readable("GET", "/users/@me", () => User.from(payload));
    });
  }

  /** The user of a sign-in as seen last, however long ago. */
  lastKnown(grantId: string): User | undefined {
    return this.#users.lastKnown(grantId);
  }

  /** The user of a login that is not stored yet. */
  ofNewLogin(token: Token): Promise<User> {
    return this.#users.fetch(token.id, {}, async () => {
      const payload = await this.#calls.sendWith(token, "/users/@me");
      return readable("GET", "/users/@me", () => User.from(payload));
    });
  }

  async guilds(place: TokenStorage, options: FetchOptions = {}): Promise<Guild[]> {
    const route = "/users/@me/guilds";
    const grantId = grantWith("guilds", await this.#grants.validToken(place), route);
    const guilds = await this.#guilds.fetch(grantId, options, async () => {
      const payload = await this.#calls.send(place, route);
      return readable("GET", route, () => listOf(payload).map((guild) => Guild.from(guild)));
    });
    return [...guilds];
  }

  async connections(place: TokenStorage, options: FetchOptions = {}): Promise<UserConnection[]> {
    const route = "/users/@me/connections";
    const grantId = grantWith("connections", await this.#grants.validToken(place), route);
    const connections = await this.#connections.fetch(grantId, options, async () => {
      const payload = await this.#calls.send(place, route);
      return readable("GET", route, () =>
        listOf(payload).map((connection) => UserConnection.from(connection)),
      );
    });
    return [...connections];
  }

  async member(place: TokenStorage, guildId: string, options: FetchOptions = {}): Promise<GuildMember> {
    const route = `/users/@me/guilds/${requireSnowflake(guildId, "guildId")}/member`;
    const grantId = grantWith("guilds.members.read", await this.#grants.validToken(place), route);
    return this.#members.fetch(`${grantId} ${guildId}`, options, async () => {
      const payload = await this.#calls.send(place, route);
      return readable("GET", route, () => GuildMember.from(payload, guildId));
    });
  }

  /** What Discord says of the sign-in itself: the proof that it still holds there. */
  async authorization(place: TokenStorage, options: FetchOptions = {}): Promise<Authorization> {
    const token = await this.#grants.validToken(place);
    return this.#authorizations.fetch(token.id, options, async () => {
      const payload = await this.#calls.send(place, "/oauth2/@me");
      return readable("GET", "/oauth2/@me", () => readAuthorization(payload));
    });
  }

  forget(grantId: string): void {
    const caches = [this.#users, this.#guilds, this.#connections, this.#members, this.#authorizations];
    for (const cache of caches) cache.forget(grantId);
  }
}

function createCache<T extends object = User>({ cacheMax, cacheTtlMs }: Config): LRUCache<string, T> {
  return new LRUCache<string, T>({ max: cacheMax, ttl: cacheTtlMs, ttlResolution: 0, perf: { now } });
}

/** Checks before the cache is asked: what is remembered must not outlive the sign-in or its scopes. */
function grantWith(scope: string, token: Token, what: string): string {
  requireGranted(token.scopes, [scope], what);
  return token.id;
}

function listOf(payload: unknown): readonly unknown[] {
  if (Array.isArray(payload)) return payload;
  throw new TypeError("The answer must be a list.");
}
