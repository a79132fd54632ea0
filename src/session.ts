import type { IncomingMessage, ServerResponse } from "node:http";
import type { Application } from "express";
import type { LRUCache } from "lru-cache";
import { appToken, type HeldToken } from "./app-token.js";
import {
  appAndOptions,
  requireApp,
  requireDeauthorization,
  requireOnlyInstance,
  requireRequest,
  requireResponse,
  SETTING,
} from "./call-arguments.js";
import { requireKind } from "./check-options.js";
import { requireSameConfig, resolveConfig } from "./config.js";
import { createEngine, type Engine } from "./engine.js";
import { HttpException } from "./errors.js";
import type { OnTokenChange } from "./grants/held-token.js";
import { overriddenTokenMethods } from "./grants/own-token-storage.js";
import { sessionOf, signInOf } from "./grants/session-data.js";
import type { Token } from "./grants/token.js";
import { type LoginOptions, loginOptions } from "./login/authorization-url.js";
import type { CodeLogin, LoginResult } from "./login/login.js";
import type { Logins } from "./login/logins.js";
import { answersNonVisit, redirect } from "./login/manners.js";
import type { Authorization } from "./models/authorization.js";
import type { Guild } from "./models/guild.js";
import type { GuildMember } from "./models/guild-member.js";
import type { Bot, User } from "./models/user.js";
import type { UserConnection } from "./models/user-connection.js";
import { FUNCTION, SCOPES } from "./option-kinds.js";
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

/** Not a private field, so that a method without its instance can say what is wrong. */
const engines = new WeakMap<DiscordOAuth2Session, Engine | undefined>();

/**
 * Discord sign-in for an Express app. Its methods need only `req.session` of a request and nothing of Express, so they also
 * work in a WebSocket upgrade.
 *
 * In addition to the errors listed for each method, all methods throw an HttpException `init_missing` before {@link init}.
 * Methods that take a request throw `session_missing` if it has no session.
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

  /** Creates an instance that reads its configuration in {@link init}. */
  constructor(options?: DiscordOptions);
  /** Creates an instance and calls {@link init}. @throws TypeError like {@link init} */
  constructor(app: Application, options?: DiscordOptions);
  constructor(...args: readonly unknown[]) {
    const { app, options = {} } = appAndOptions<DiscordOptions>(args);
    this.#options = options;
    engines.set(this, undefined);
    if (app) this.init(app);
  }

  /**
   * Reads and checks the configuration, and stores this instance as the app's setting `discord`. One instance may
   * serve several apps.
   *
   * @returns the instance itself
   * @throws TypeError for an invalid configuration; the message lists every mistake
   * @throws TypeError when `app` is not an Express app, when the app already has another instance, when this
   * instance serves another app with a different configuration, or when only one of the two token methods is
   * overridden
   */
  init(app: Application): this {
    requireApp(app);
    requireOnlyInstance(app, this);
    const started = engineOf(this);
    const config = resolveConfig(this.#options, (name) => app.get(name) ?? process.env[name]);
    if (started) requireSameConfig(started.config, config);
    else
      engines.set(this, createEngine(config, overriddenTokenMethods(this, DiscordOAuth2Session.prototype)));
    app.set(SETTING, this);
    return this;
  }

  /** The cache of users. Its keys are internal. */
  get usersCache(): LRUCache<string, User> {
    return readyEngine(this).users.usersCache;
  }

  /** The client id in use. */
  get clientId(): string {
    return readyEngine(this).config.clientId;
  }

  /** The redirect URI in use. */
  get redirectUri(): string {
    return readyEngine(this).config.redirectUri;
  }

  /**
   * Starts a login: redirects the visitor to Discord. HEAD requests and browser prefetches are answered with 204.
   *
   * @throws TypeError for unknown or contradictory options, options that Discord would reject, an invalid `returnTo`
   * (`invalid_return_to`), and `data` that is too large (`data_too_large`) or not a JSON value
   * @throws HttpException `store_failed`, with `incremental`; `cross_site_request`, with `connect`
   * @see https://docs.discord.com/developers/topics/oauth2#authorization-code-grant
   */
  async createSession(req: IncomingMessage, res: ServerResponse, options?: LoginOptions): Promise<void> {
    loginsFor(this, req, res);
    if (answersNonVisit(req, res)) return;
    redirect(res, await this.authorizationUrl(req, res, options));
  }

  /**
   * Starts a login without redirecting, for pages that navigate themselves. Sets the login's cookie, so send the
   * response to the browser.
   *
   * @returns the URL of Discord's authorization page
   * @throws TypeError, HttpException like {@link createSession}
   */
  async authorizationUrl(req: IncomingMessage, res: ServerResponse, options?: LoginOptions): Promise<string> {
    return loginsFor(this, req, res).begin(req, res, loginOptions(options));
  }

  /**
   * Completes a login: exchanges the code, stores the tokens and gives the visitor a new session, which is saved
   * before the promise resolves.
   *
   * HEAD requests and browser prefetches are answered with 204. The promise then never settles, so your code after
   * it does not run.
   *
   * @returns the login; with `replayed: true` if the callback was repeated. Do not run side effects again then
   * @throws AccessDenied when the visitor pressed Cancel
   * @throws HttpException when the login failed; `code` names the cause
   * @throws RateLimited, and any error of `onLogin`
   */
  async callback<Data = unknown>(
    req: IncomingMessage,
    res: ServerResponse,
    options?: CallbackOptions,
  ): Promise<LoginResult<Data>> {
    const result = await loginsFor(this, req, res).complete(req, res, callbackOptions(options));
    return result as LoginResult<Data>;
  }

  /**
   * Completes a login with a code that the client posts as JSON, because Discord gave it to an Activity (Embedded
   * App SDK) or a mobile app instead of redirecting. Exchanges the code, stores the tokens and gives the visitor a
   * new session, like {@link callback}.
   *
   * The request must be JSON. If it has an `Origin` header, the origin must be the redirect URI's, the Activity's
   * (`https://<client id>.discordsays.com`) or one of the option `origins`.
   *
   * A code works once. Requests that repeat it during the exchange share the result. Later, it is accepted only
   * from the session that it signed in or, within a minute, together with the same verifier.
   *
   * @returns the login with its access token; with `replayed: true` if the code was repeated
   * @throws HttpException `cross_site_request`, `code_malformed`, `code_rejected`, ...
   * @throws RateLimited, TypeError, and any error of `onLogin`
   * @see https://docs.discord.com/developers/activities/building-an-activity
   */
  async signInWithCode(req: IncomingMessage, options: CodeOptions): Promise<CodeLogin> {
    return engineFor(this, req).logins.signInWithCode(req, codeOptions(options));
  }

  /**
   * Signs the visitor out and deletes their tokens; slow requests do not restore them. Call it before
   * `req.session.destroy()`. Does nothing if nobody is signed in.
   *
   * @throws HttpException `store_failed`
   * @throws HttpException, RateLimited with `everywhere`, when Discord could not revoke the tokens; the visitor is
   * signed out of this app anyway
   */
  async revoke(req: IncomingMessage, options?: RevokeOptions): Promise<void> {
    const { logins } = engineFor(this, req);
    const { everywhere } = revokeOptions(options);
    await logins.signOut(req, everywhere ? "everywhere" : "here");
  }

  /**
   * Whether somebody is signed in. Calls Discord only to refresh a token.
   *
   * @throws HttpException when the store or Discord fails
   */
  async isAuthorized(req: IncomingMessage): Promise<boolean> {
    const { grants, storageOf } = engineFor(this, req);
    return grants.hasValidToken(storageOf(req));
  }

  /**
   * Returns the id of this session's user, without calling the store or Discord. The id stays after a sign-in has
   * ended elsewhere: the user removed the app, a webhook event reported it, or a refresh was rejected. Behind a
   * guard it is the user that the guard checked. Elsewhere, check {@link isAuthorized} first.
   */
  userId(req: IncomingMessage): string | undefined {
    const { config } = engineFor(this, req);
    return signInOf(sessionOf(req), config.clientId)?.userId;
  }

  /**
   * Returns the scopes that the signed-in user has granted. Calls Discord only to refresh a token.
   *
   * @throws Unauthorized when nobody is signed in, or Discord has ended the sign-in
   * @throws HttpException when the store or Discord fails
   */
  async grantedScopes(req: IncomingMessage): Promise<readonly string[]> {
    const { grants, storageOf } = engineFor(this, req);
    return (await grants.validToken(storageOf(req))).scopes;
  }

  /**
   * Whether this browser has signed in several times within a minute without keeping its session. Redirecting it to
   * the login again would loop. Call it before each such redirect: it also starts counting the browser's logins, in a
   * cookie.
   */
  isLoginLoop(req: IncomingMessage): boolean {
    return engineFor(this, req).logins.isLoop(req);
  }

  /** Used by the router and the guards. @internal */
  get logins(): Logins {
    return readyEngine(this).logins;
  }

  /**
   * Returns the stored token, which may have expired; `undefined` if nobody is signed in. Do not keep a copy, because a
   * refresh token works once. To store tokens yourself, override it together with {@link saveAuthorizationToken}.
   *
   * @throws HttpException `store_failed`
   */
  async getAuthorizationToken(req: IncomingMessage): Promise<Token | undefined> {
    const { grants, storages } = engineFor(this, req);
    return grants.read(storages.standard(req));
  }

  /**
   * Stores the token of this session; `undefined` signs out.
   *
   * @throws HttpException `store_failed`
   */
  async saveAuthorizationToken(req: IncomingMessage, token: Token | undefined): Promise<void> {
    await engineFor(this, req).saveToken(req, token);
  }

  /**
   * Fetches the signed-in user. Needs the scope `identify`; `email` adds the email address.
   *
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   * @see https://docs.discord.com/developers/resources/user#get-current-user
   */
  async fetchUser(req: IncomingMessage, options?: FetchOptions): Promise<User> {
    return userOf(this, req).fetchUser(options);
  }

  /**
   * Fetches the guilds of the signed-in user, up to 200. Needs the scope `guilds`; with `withBot` also the bot's token.
   *
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   * @see https://docs.discord.com/developers/resources/user#get-current-user-guilds
   */
  async fetchGuilds(req: IncomingMessage, options?: GuildsOptions): Promise<Guild[]> {
    return userOf(this, req).fetchGuilds(options);
  }

  /**
   * Fetches the accounts on other platforms that the signed-in user has linked. Needs the scope `connections`.
   *
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   * @see https://docs.discord.com/developers/resources/user#get-current-user-connections
   */
  async fetchConnections(req: IncomingMessage, options?: FetchOptions): Promise<UserConnection[]> {
    return userOf(this, req).fetchConnections(options);
  }

  /**
   * Fetches the signed-in user as a member of a guild, with roles and nickname. Needs the scope
   * `guilds.members.read`. With `as: "bot"`, the bot looks the user up: this needs only the scope `identify`, and
   * the member has the same permissions as in `fetchGuilds`.
   *
   * @throws HttpException status 404 when the user is not in the guild
   * @throws Forbidden with `as: "bot"`, when the bot is not in the guild
   * @throws Unauthorized, MissingScopes, RateLimited, TypeError (invalid_snowflake)
   * @see https://docs.discord.com/developers/resources/user#get-current-user-guild-member
   */
  async fetchMember(req: IncomingMessage, guildId: string, options?: MemberOptions): Promise<GuildMember> {
    return userOf(this, req).fetchMember(guildId, options);
  }

  /**
   * Fetches the authorization from Discord, which proves that the sign-in is still valid. Needs no scope.
   *
   * @throws Unauthorized, RateLimited, HttpException
   * @see https://docs.discord.com/developers/topics/oauth2#get-current-authorization-information
   */
  async fetchAuthorization(req: IncomingMessage, options?: FetchOptions): Promise<Authorization> {
    return userOf(this, req).fetchAuthorization(options);
  }

  /**
   * Adds the signed-in user to a guild of the bot. Needs the scope `guilds.join` and the bot's token.
   *
   * @returns the new member; `null` if the user was a member already, and then nothing changes
   * @throws HttpException `banned_from_guild`, `guild_limit_reached`, `user_token_rejected`, `bot_token_rejected`, ...
   * @throws Unauthorized, MissingScopes, RateLimited, TypeError (invalid_snowflake)
   * @see https://docs.discord.com/developers/resources/guild#add-guild-member
   */
  addToGuild(req: IncomingMessage, guildId: string, options?: JoinOptions): Promise<GuildMember | null>;
  /**
   * Adds the signed-in user to a guild of the bot, or updates an existing member: adds missing roles and sets the
   * nickname.
   *
   * @throws like the method without `evenIfMember`. If some roles were added to a member, the error has them in
   * `appliedRoles`
   */
  addToGuild(req: IncomingMessage, guildId: string, options: JoinOrUpdateOptions): Promise<JoinOutcome>;
  async addToGuild(req: IncomingMessage, guildId: string, options?: object): Promise<unknown> {
    return userOf(this, req).addToGuild(guildId, options as JoinOptions);
  }

  /**
   * Fetches the signed-in user's role connection to this application. Needs the scope `role_connections.write`.
   *
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   */
  async fetchRoleConnection(req: IncomingMessage): Promise<RoleConnection> {
    return userOf(this, req).fetchRoleConnection();
  }

  /**
   * Replaces the signed-in user's role connection, which decides about linked roles. Needs the scope
   * `role_connections.write`.
   *
   * @throws TypeError for values that Discord would refuse; the message lists all of them
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   * @see https://docs.discord.com/developers/resources/user#update-current-user-application-role-connection
   */
  async updateRoleConnection(req: IncomingMessage, update: RoleConnectionUpdate): Promise<RoleConnection> {
    return userOf(this, req).updateRoleConnection(update);
  }

  /** Removes the signed-in user's role connection. @throws like {@link updateRoleConnection} */
  async deleteRoleConnection(req: IncomingMessage): Promise<void> {
    return userOf(this, req).deleteRoleConnection();
  }

  /**
   * Calls any route of the API as the signed-in user.
   *
   * @param route a path below `/api/v10`, such as `/users/@me`
   * @returns the parsed JSON; `undefined` for a response without a body
   * @throws TypeError for an invalid route or request
   * @throws Unauthorized, MissingScopes, RateLimited, HttpException
   */
  async request<T = unknown>(req: IncomingMessage, route: string, request?: ApiRequest): Promise<T> {
    return userOf(this, req).request<T>(route, request);
  }

  /**
   * Calls any route of the API as the bot.
   *
   * @returns like {@link DiscordOAuth2Session.request}
   * @throws HttpException `bot_token_missing`, `bot_token_rejected` (status 500, because visitors cannot fix it), ...
   * @throws RateLimited, TypeError
   */
  async botRequest<T = unknown>(route: string, request?: ApiRequest): Promise<T> {
    return readyEngine(this).bot.send(route, request) as Promise<T>;
  }

  /** Fetches the bot's own user. @throws like {@link botRequest} */
  async fetchBot(): Promise<Bot> {
    return readyEngine(this).bot.user();
  }

  /**
   * Fetches the guilds of the bot, fewer than 5,000, with one call for every 200. The result is cached and shared by
   * concurrent requests.
   *
   * @throws HttpException `too_many_guilds` for 5,000 guilds or more; set the option `isBotInGuild` then
   * @throws like {@link botRequest}
   */
  async fetchBotGuilds(options?: FetchOptions): Promise<Guild[]> {
    return [...(await readyEngine(this).botGuilds.all(fetchOptions(options))).values()];
  }

  /** Fetches the signed-in user's membership in a guild, as the bot. @internal */
  async membershipAsBot(req: IncomingMessage, guildId: string, options: FetchOptions): Promise<Membership> {
    return userOf(this, req).membershipAsBot(guildId, options);
  }

  /**
   * Fetches the registered role connection metadata of this application: the values that linked roles can depend
   * on. Uses the bot's token.
   *
   * @throws like {@link botRequest}
   */
  async fetchRoleConnectionMetadata(): Promise<readonly RoleConnectionMetadata[]> {
    return readyEngine(this).bot.roleConnectionMetadata();
  }

  /**
   * Replaces the role connection metadata of this application. Uses the bot's token.
   *
   * @param records five at most; an empty list removes all
   * @returns what is registered now
   * @throws TypeError for values that Discord would refuse; the message lists all of them
   * @throws like {@link botRequest}
   * @see https://docs.discord.com/developers/resources/application-role-connection-metadata
   */
  async registerRoleConnectionMetadata(
    records: readonly RoleConnectionMetadata[],
  ): Promise<readonly RoleConnectionMetadata[]> {
    return readyEngine(this).bot.registerRoleConnectionMetadata(records);
  }

  /**
   * Creates a session for a token that the app stores itself, for example for background jobs. The session calls
   * Discord outside of any request and refreshes the token when it is due.
   *
   * @param onChange called with each new pair. Store it: a refresh token works once
   * @returns the session, which does not call Discord until one of its methods is called
   * @throws TypeError for an invalid token
   */
  sessionFromToken(token: HeldToken, onChange?: OnTokenChange): UserSession {
    const engine = readyEngine(this);
    if (onChange !== undefined) requireKind("The callback", onChange, FUNCTION);
    return engine.sessionOfHeld(appToken(token), onChange);
  }

  /**
   * Creates a session for an access token that a client sent (`Authorization: Bearer`), such as a single-page or
   * mobile app. Asks Discord, once a minute for each token, who it belongs to and which application it was issued
   * to.
   *
   * @throws Unauthorized for a token that is invalid, has expired, or was issued to another application
   * @throws RateLimited, HttpException
   */
  async sessionFromAccessToken(accessToken: string): Promise<UserSession> {
    return readyEngine(this).sessionOfBearer(accessToken);
  }

  /**
   * Requests a token for the owner of the application (client credentials grant).
   *
   * @returns a token for {@link sessionFromToken}, without a `refreshToken` or a `userId`
   * @throws HttpException, RateLimited
   * @see https://docs.discord.com/developers/topics/oauth2#client-credentials-grant
   */
  async clientCredentials(scopes: readonly Scope[] = ["identify"]): Promise<Token> {
    return readyEngine(this).clientCredentials(requireKind("scopes", scopes, SCOPES));
  }

  /**
   * Signs a user out of this process at their next request. Call it for Discord's event `APPLICATION_DEAUTHORIZED`.
   *
   * @param at when the user removed the application. Later sign-ins are kept. Default: now
   * @throws TypeError for an invalid id (`invalid_snowflake`) or an invalid time
   */
  deauthorize(userId: string, at?: Date): void {
    const { grants } = readyEngine(this);
    requireDeauthorization(userId, at);
    grants.deauthorizations.add(userId, at);
  }

  /**
   * Closes the connections to Discord, for a graceful shutdown. First waits for logins and refreshes in progress
   * and retries failed writes of tokens, for up to three times `timeoutMs`. Close the session store after this. A
   * later call opens new connections.
   */
  async close(): Promise<void> {
    await engineOf(this)?.close();
  }
}

/** Returns the engine; `undefined` before `init`. @throws TypeError for a method without its instance */
function engineOf(instance: DiscordOAuth2Session): Engine | undefined {
  if (engines.has(instance)) return engines.get(instance);
  throw new TypeError(
    "A method of DiscordOAuth2Session was called without its instance. Call it on the instance, as in (req, res) => discord.createSession(req, res), instead of passing discord.createSession or destructuring it.",
  );
}

function readyEngine(instance: DiscordOAuth2Session): Engine {
  const engine = engineOf(instance);
  if (engine) return engine;
  throw new HttpException({
    message: "This DiscordOAuth2Session has no app yet: call discord.init(app) before the first request.",
    code: "init_missing",
  });
}

function engineFor(instance: DiscordOAuth2Session, req: IncomingMessage): Engine {
  const engine = readyEngine(instance);
  requireRequest(req);
  return engine;
}

/** @param res the response that starts or ends a login, which must not be cached */
function loginsFor(instance: DiscordOAuth2Session, req: IncomingMessage, res: ServerResponse): Logins {
  const { logins } = engineFor(instance, req);
  requireResponse(res);
  res.setHeader("Cache-Control", "no-store");
  return logins;
}

function userOf(instance: DiscordOAuth2Session, req: IncomingMessage): UserSession {
  return engineFor(instance, req).sessionOf(req);
}
