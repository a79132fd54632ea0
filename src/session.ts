import type { IncomingMessage, ServerResponse } from "node:http";
import type { Application } from "express";
import type { LRUCache } from "lru-cache";
import { appToken, type HeldToken } from "./app-token.js";
import {
  appAndOptions,
  requireApp,
  requireCallback,
  requireDeauthorization,
  requireScopes,
  requireVisit,
} from "./call-arguments.js";
import { type Config, isSameConfig, resolveConfig } from "./config.js";
import { createEngine, type Engine } from "./engine.js";
import { HttpException, Unauthorized } from "./errors.js";
import { heldToken, type OnTokenChange } from "./grants/held-token.js";
import { overriddenTokenMethods } from "./grants/own-token-storage.js";
import { sessionOf, signInOf } from "./grants/session-data.js";
import type { Token } from "./grants/token.js";
import { type LoginOptions, loginOptions } from "./login/authorization-url.js";
import type { CodeLogin, LoginResult } from "./login/login.js";
import { answersNonVisit, forbidCaching, redirect } from "./login/manners.js";
import type { Visits } from "./login/visits.js";
import type { Authorization } from "./models/authorization.js";
import type { Bot } from "./models/bot.js";
import type { Guild } from "./models/guild.js";
import type { GuildMember } from "./models/guild-member.js";
import type { User } from "./models/user.js";
import type { UserConnection } from "./models/user-connection.js";
import {
  type CallbackOptions,
  type CodeOptions,
  callbackOptions,
  codeOptions,
  type DiscordOptions,
  type RevokeOptions,
  revokeOptions,
} from "./options.js";
import type { ApiRequest } from "./rest/api-request.js";
import type { Scope } from "./scopes.js";
import type { Membership } from "./users/bot-members.js";
import type { JoinOptions, JoinOrUpdateOptions, JoinOutcome } from "./users/guild-join.js";
import {
  type FetchOptions,
  fetchOptions,
  type GuildsOptions,
  type MemberOptions,
} from "./users/loading-cache.js";
import type {
  RoleConnection,
  RoleConnectionMetadata,
  RoleConnectionUpdate,
} from "./users/role-connections.js";
import type { UserSession } from "./users/user-session.js";

/** Under this name an app's instance is found again: `app.get("discord")`. */
export const SETTING = "discord";

/**
 * Discord sign-in for an Express app. Of a request its methods need nothing of Express's, only the session that a
 * middleware has put there, so they work in a WebSocket upgrade too.
 *
 * Besides what each method names, all of them throw an HttpException `init_missing` before {@link init}, and those that
 * take a request `session_missing` where it has no session.
 *
 * @example
 * ```ts
 * const discord = new DiscordOAuth2Session(app);
 * app.get("/login", (req, res) => discord.createSession(req, res));
 * app.get("/callback", async (req, res) => {
 *   await discord.callback(req, res);
 *   res.redirect("/me");
 * });
 * ```
 */
export class DiscordOAuth2Session {
  readonly #options: DiscordOptions;
  #engine: Engine | undefined;

  /** Without an app, nothing is read until {@link init}. */
  constructor(options?: DiscordOptions);
  /** @throws TypeError for what is no Express app, and as {@link init} */
  constructor(app: Application, options?: DiscordOptions);
  constructor(...args: readonly unknown[]) {
    const { app, options = {} } = appAndOptions<DiscordOptions>(args);
    this.#options = options;
    if (app) this.init(app);
  }

  /**
   * Reads and checks the configuration, and makes this the app's instance: `app.get("discord")`. One instance may serve
   * several apps.
   *
   * @returns the instance itself
   * @throws TypeError that lists every mistake; also for what is no Express app, when the app has another instance already,
   * when this instance serves another app with another configuration, or when only one of the two token methods is overridden
   */
  init(app: Application): this {
    requireApp(app);
    const settings: Record<string, unknown> = app.settings;
    const other = Object.hasOwn(settings, SETTING) ? settings[SETTING] : undefined;
    if (other !== undefined && other !== this) {
      throw new TypeError(
        "This app has a DiscordOAuth2Session already. One Discord application per Express app: use a sub-app for another.",
      );
    }
    const config = resolveConfig(this.#options, (name) => app.get(name) ?? process.env[name]);
    if (this.#engine && !isSameConfig(this.#engine.config, config)) {
      throw new TypeError(
        "This DiscordOAuth2Session serves another app with another configuration. Make one instance for each configuration.",
      );
    }
    this.#engine ??= this.#start(config);
    app.set(SETTING, this);
    return this;
  }

  #start(config: Config): Engine {
    const engine = createEngine(config, overriddenTokenMethods(this, DiscordOAuth2Session.prototype));
    engine.load();
    return engine;
  }

  get #ready(): Engine {
    if (this.#engine) return this.#engine;
    throw new HttpException({
      message:
        "This DiscordOAuth2Session belongs to no app yet: call discord.init(app) before the first request.",
      code: "init_missing",
      status: 500,
    });
  }

  /** @param res what begins or ends a login, which no cache may keep */
  #engineFor(req: IncomingMessage, ...res: [] | [ServerResponse]): Engine {
    for (const one of requireVisit(req, res)) forbidCaching(one);
    return this.#ready;
  }

  /** The cached users; the keys are internal. */
  get usersCache(): LRUCache<string, User> {
    return this.#ready.users.usersCache;
  }

  /** The client id in use. */
  get clientId(): string {
    return this.#ready.config.clientId;
  }

  /** The redirect URI in use. */
  get redirectUri(): string {
    return this.#ready.config.redirectUri;
  }

  /**
   * Begins a login: redirects the visitor to Discord. What is no visit (HEAD, a browser's prefetch) is answered with 204.
   *
   * @throws TypeError for options that do not exist, contradict each other or that Discord would refuse, for a `returnTo`
   * that is no path of this app (`invalid_return_to`), and for `data` that is too large or that JSON cannot write
   * @throws HttpException `store_failed`, with `incremental`
   * @see https://docs.discord.com/developers/topics/oauth2#authorization-code-grant
   */
  async createSession(req: IncomingMessage, res: ServerResponse, options?: LoginOptions): Promise<void> {
    this.#engineFor(req, res);
    if (answersNonVisit(req, res)) return;
    redirect(res, await this.authorizationUrl(req, res, options));
  }

  /**
   * Begins a login without the redirect, for pages that navigate by themselves. The answer must reach the browser: it
   * carries the login's cookie.
   *
   * @returns Discord's authorization URL
   * @throws TypeError as {@link createSession}
   */
  async authorizationUrl(req: IncomingMessage, res: ServerResponse, options?: LoginOptions): Promise<string> {
    const { logins } = this.#engineFor(req, res);
    return logins.begin(req, res, loginOptions(options));
  }

  /**
   * Ends a login: exchanges the code, keeps the tokens, and gives the visitor a new session, saved before this resolves.
   *
   * What is no visit (HEAD, a browser's prefetch) is answered with 204, and the promise never settles, so that nothing
   * that comes after it is done.
   *
   * @returns the login; `replayed` when this callback had come before, and what follows a login is done already
   * @throws AccessDenied when the visitor pressed Cancel
   * @throws HttpException for anything else that is no login; `code` says which
   * @throws RateLimited
   */
  async callback<Data = unknown>(
    req: IncomingMessage,
    res: ServerResponse,
    options?: CallbackOptions,
  ): Promise<LoginResult<Data>> {
    const checked = callbackOptions(options);
    const { logins } = this.#engineFor(req, res);
    res.setHeader("Referrer-Policy", "no-referrer");
    if (answersNonVisit(req, res)) return new Promise(() => {});
    return (await logins.complete(req, res, checked)) as LoginResult<Data>;
  }

  /**
   * Ends a login whose code came without a redirect: the Embedded App SDK of an Activity or a mobile app has got it, and posts
   * it as JSON. Exchanges the code, keeps the tokens and gives the visitor a new session, as {@link callback} does.
   *
   * The request must be JSON. Where it names its origin, that must be the redirect URI's, the Activity's
   * (`https://<client id>.discordsays.com`) or one of the option `origins`.
   *
   * A code signs in once. Requests that bring it while it is exchanged share the outcome; afterwards it is taken from the
   * session that it has made and, within a minute, together with the verifier that it was exchanged with.
   *
   * @returns the login with its access token; `replayed` when what follows a login is done already
   * @throws HttpException `cross_site_request`, `code_malformed`, `code_rejected`, ...
   * @throws RateLimited, TypeError, and what `onLogin` throws
   * @see https://docs.discord.com/developers/activities/building-an-activity
   */
  async signInWithCode(req: IncomingMessage, options: CodeOptions): Promise<CodeLogin> {
    return this.#engineFor(req).logins.posted.signIn(req, codeOptions(options));
  }

  /**
   * Signs out: the tokens are gone at once, and no slow request brings them back. Call it before
   * `req.session.destroy()`. Does nothing when nobody is signed in.
   *
   * @param options `everywhere`: also at Discord, which ends the tokens of all the user's sign-ins to this application. This
   * process signs them all out at once; another one notices at its next call that is not cached, or at the refresh
   * @throws HttpException `store_failed`; with `everywhere` also what a call to Discord can throw, after the sign-out here
   */
  async revoke(req: IncomingMessage, options?: RevokeOptions): Promise<void> {
    const { everywhere } = revokeOptions(options);
    await this.#engineFor(req).logins.signOut(req, everywhere ? "everywhere" : "here");
  }

  /**
   * Whether somebody is signed in. An expired token is refreshed for that; Discord is not asked otherwise.
   *
   * @throws HttpException when it cannot be found out now
   */
  async isAuthorized(req: IncomingMessage): Promise<boolean> {
    const { grants, storageOf } = this.#engineFor(req);
    try {
      await grants.validToken(storageOf(req));
      return true;
    } catch (error) {
      if (error instanceof Unauthorized) return false;
      throw error;
    }
  }

  /**
   * The id of the user of this session, without asking anybody. It outlives a sign-in that has ended elsewhere: the user
   * removed the app, a webhook event reported that, or the refresh was refused. Behind a guard it is the user whom the guard
   * let pass; elsewhere ask {@link isAuthorized} first.
   */
  userId(req: IncomingMessage): string | undefined {
    const { config } = this.#engineFor(req);
    return signInOf(sessionOf(req), config.clientId)?.userId;
  }

  /**
   * The scopes that the signed-in user has granted. As {@link isAuthorized}, an expired token is refreshed for that.
   *
   * @throws Unauthorized when nobody is signed in, or Discord has ended the sign-in
   * @throws HttpException when it cannot be found out now
   */
  async grantedScopes(req: IncomingMessage): Promise<readonly string[]> {
    const { grants, storageOf } = this.#engineFor(req);
    return (await grants.validToken(storageOf(req))).scopes;
  }

  /**
   * Whether this browser has just signed in several times without a session that sticks, so that sending it to the login
   * once more would not end.
   */
  isLoginLoop(req: IncomingMessage): boolean {
    return this.#engineFor(req).logins.isLoop(req);
  }

  /** What the middleware of this package asks about visitors. @internal */
  get visits(): Visits {
    return this.#ready.logins.visits;
  }

  /**
   * The stored token, which may have expired; `undefined` when nobody is signed in. Override it together with
   * {@link saveAuthorizationToken} to keep tokens your own way.
   *
   * @throws HttpException `store_failed`
   */
  async getAuthorizationToken(req: IncomingMessage): Promise<Token | undefined> {
    const { grants, storages } = this.#engineFor(req);
    return grants.read(storages.of(req));
  }

  /**
   * Stores a token for this session; `undefined` on sign-out.
   *
   * @throws HttpException `store_failed`
   */
  async saveAuthorizationToken(req: IncomingMessage, token: Token | undefined): Promise<void> {
    const { grants, storages } = this.#engineFor(req);
    if (token) return grants.begin(storages.pointTo(req, token), token);
    const storage = storages.of(req);
    if (storage.id !== undefined) await grants.end(storage, storage.id);
  }

  /**
   * The signed-in user. Needs `identify`; with `email` also their address.
   *
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   * @see https://docs.discord.com/developers/resources/user#get-current-user
   */
  async fetchUser(req: IncomingMessage, options?: FetchOptions): Promise<User> {
    return this.#of(req).fetchUser(options);
  }

  /**
   * The guilds of the signed-in user, 200 at most. Needs `guilds`; with `withBot` also the bot's token.
   *
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   * @see https://docs.discord.com/developers/resources/user#get-current-user-guilds
   */
  async fetchGuilds(req: IncomingMessage, options?: GuildsOptions): Promise<Guild[]> {
    return this.#of(req).fetchGuilds(options);
  }

  /**
   * The accounts elsewhere that the signed-in user has linked. Needs `connections`.
   *
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   * @see https://docs.discord.com/developers/resources/user#get-current-user-connections
   */
  async fetchConnections(req: IncomingMessage, options?: FetchOptions): Promise<UserConnection[]> {
    return this.#of(req).fetchConnections(options);
  }

  /**
   * The signed-in user as a member of one guild: roles, nickname. Needs `guilds.members.read`; with `as: "bot"` the bot looks
   * them up, who need to grant no more than `identify`, and the permissions are those of `fetchGuilds`.
   *
   * @throws HttpException 404 when the user is not in the guild
   * @throws Forbidden with `as: "bot"`, when the bot is not
   * @throws Unauthorized, MissingScopes, RateLimited, TypeError (invalid_snowflake)
   * @see https://docs.discord.com/developers/resources/user#get-current-user-guild-member
   */
  async fetchMember(req: IncomingMessage, guildId: string, options?: MemberOptions): Promise<GuildMember> {
    return this.#of(req).fetchMember(guildId, options);
  }

  /**
   * What Discord says of the sign-in itself: the proof that it still holds there. Needs no scope.
   *
   * @throws Unauthorized, RateLimited, HttpException
   * @see https://docs.discord.com/developers/topics/oauth2#get-current-authorization-information
   */
  async fetchAuthorization(req: IncomingMessage, options?: FetchOptions): Promise<Authorization> {
    return this.#of(req).fetchAuthorization(options);
  }

  /**
   * Adds the signed-in user to a guild that the bot is in. Needs `guilds.join` and the bot's token.
   *
   * @returns the new member; `null` when the user was one before, and nothing was changed
   * @throws HttpException `banned_from_guild`, `guild_limit_reached`, `user_token_rejected`, `bot_token_rejected`, ...
   * @throws Unauthorized, MissingScopes, RateLimited, TypeError (invalid_snowflake)
   * @see https://docs.discord.com/developers/resources/guild#add-guild-member
   */
  addToGuild(req: IncomingMessage, guildId: string, options?: JoinOptions): Promise<GuildMember | null>;
  /**
   * The same, or gives a member the roles they lack and the nickname.
   *
   * @throws as above; where a member got some of the roles, the error has them as `appliedRoles`
   */
  addToGuild(req: IncomingMessage, guildId: string, options: JoinOrUpdateOptions): Promise<JoinOutcome>;
  async addToGuild(req: IncomingMessage, guildId: string, options?: object): Promise<unknown> {
    return this.#of(req).addToGuild(guildId, options as JoinOptions);
  }

  /**
   * The signed-in user's link to this application. Needs `role_connections.write`.
   *
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   */
  async fetchRoleConnection(req: IncomingMessage): Promise<RoleConnection> {
    return this.#of(req).fetchRoleConnection();
  }

  /**
   * Replaces the signed-in user's link to this application, which linked roles are decided by.
   *
   * @throws TypeError that lists what Discord would refuse
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   * @see https://docs.discord.com/developers/resources/user#update-current-user-application-role-connection
   */
  async updateRoleConnection(req: IncomingMessage, update: RoleConnectionUpdate): Promise<RoleConnection> {
    return this.#of(req).updateRoleConnection(update);
  }

  /** Removes the signed-in user's link to this application. @throws as {@link updateRoleConnection} */
  async deleteRoleConnection(req: IncomingMessage): Promise<void> {
    return this.#of(req).deleteRoleConnection();
  }

  /**
   * Any route of the API, as the signed-in user.
   *
   * @param route below `/api/v10`, such as `/users/@me`
   * @returns the parsed JSON; `undefined` for an answer without a body
   * @throws TypeError for a route that leaves the API
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   */
  async request<T = unknown>(req: IncomingMessage, route: string, request?: ApiRequest): Promise<T> {
    return this.#of(req).request<T>(route, request);
  }

  /**
   * Any route of the API, as the bot.
   *
   * @returns as {@link DiscordOAuth2Session.request}
   * @throws HttpException `bot_token_missing`, `bot_token_rejected` (status 500: no visitor can mend that), ...
   * @throws RateLimited, TypeError
   */
  async botRequest<T = unknown>(route: string, request?: ApiRequest): Promise<T> {
    return this.#ready.bot.send(route, request) as Promise<T>;
  }

  /** The bot's own user. @throws as {@link botRequest} */
  async fetchBot(): Promise<Bot> {
    return this.#ready.bot.user();
  }

  /**
   * The guilds that the bot is in, 5,000 at most: a call for each 200, cached, and shared by concurrent requests.
   *
   * @throws HttpException `too_many_guilds`: set the option `isBotInGuild` then
   * @throws as {@link botRequest}
   */
  async fetchBotGuilds(options?: FetchOptions): Promise<Guild[]> {
    return [...(await this.#ready.botGuilds.all(fetchOptions(options))).values()];
  }

  /** The signed-in user as the bot sees them in a guild. @internal */
  async membershipAsBot(req: IncomingMessage, guildId: string, options: FetchOptions): Promise<Membership> {
    return this.#of(req).membershipAsBot(guildId, options);
  }

  /**
   * What linked roles of this application can be decided by, as it is registered. Asks by the bot's token.
   *
   * @throws as {@link botRequest}
   */
  async fetchRoleConnectionMetadata(): Promise<readonly RoleConnectionMetadata[]> {
    return this.#ready.bot.roleConnectionMetadata();
  }

  /**
   * Replaces what linked roles of this application can be decided by, by the bot's token.
   *
   * @param records five at most; an empty list removes all
   * @returns what is registered now
   * @throws TypeError that lists what Discord would refuse
   * @throws as {@link botRequest}
   * @see https://docs.discord.com/developers/resources/application-role-connection-metadata
   */
  async registerRoleConnectionMetadata(
    records: readonly RoleConnectionMetadata[],
  ): Promise<readonly RoleConnectionMetadata[]> {
    return this.#ready.bot.registerRoleConnectionMetadata(records);
  }

  /**
   * The calls of a signed-in user for a token that the app holds itself, outside of any request: background jobs, tokens
   * kept in a database. It is refreshed when it is time.
   *
   * @param onChange is given each new pair: store it, Discord takes a refresh token once
   * @returns what calls Discord; nothing is asked before its first call
   * @throws TypeError for what is no token
   */
  sessionFromToken(token: HeldToken, onChange?: OnTokenChange): UserSession {
    const { grants, sessionAt } = this.#ready;
    const id = grants.identify(appToken(token));
    const issuedAt = token.issuedAt ?? token.expiresAt - 604_800_000;
    return sessionAt(heldToken({ ...token, id: token.id ?? id, issuedAt }, id, requireCallback(onChange)));
  }

  /**
   * The same for an access token that a client sent (`Authorization: Bearer`), as single-page and mobile apps do. Discord is
   * asked whose it is, once a minute for each token: one that was issued to another application is refused.
   *
   * @throws Unauthorized for a token that is dead, made up, or another application's
   * @throws RateLimited, HttpException
   */
  async sessionFromAccessToken(accessToken: string): Promise<UserSession> {
    return this.#ready.bearers.session(accessToken);
  }

  /**
   * A token for the owner of the application (client credentials grant).
   *
   * @returns a token without a `refreshToken` or a `userId`; {@link sessionFromToken} takes it
   * @throws HttpException, RateLimited
   * @see https://docs.discord.com/developers/topics/oauth2#client-credentials-grant
   */
  async clientCredentials(scopes: readonly Scope[] = ["identify"]): Promise<Token> {
    const answered = await this.#ready.oauth.clientCredentials(requireScopes(scopes));
    const { guild: _, webhook: __, ...answer } = answered;
    return { ...answer, id: this.#ready.grants.identify(answer) };
  }

  /**
   * Signs a user out of this process with their next request: what Discord's event APPLICATION_DEAUTHORIZED asks for.
   *
   * @param at when the user removed the application; later sign-ins are left alone. Default: now
   * @throws TypeError for an id (`invalid_snowflake`) or a time that is none
   */
  deauthorize(userId: string, at?: Date): void {
    requireDeauthorization(userId, at);
    this.#ready.grants.deauthorize(userId, at);
  }

  /**
   * Closes the connections to Discord, for a graceful shutdown. Logins and refreshes under way are waited for, and what the
   * session store would not take is written again, within three times `timeoutMs`: close that store after this. A later call
   * opens new connections.
   */
  async close(): Promise<void> {
    await this.#engine?.close();
  }

  #of(req: IncomingMessage): UserSession {
    return this.#engineFor(req).sessionOf(req);
  }
}
