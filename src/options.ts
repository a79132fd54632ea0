import type { LRUCache } from "lru-cache";
import { optionsChecker } from "./check-options.js";
import type { OnLogin } from "./login/login.js";
import type { User } from "./models/user.js";
import { ACCOUNT_ID, ANYTHING, BOOLEAN, FUNCTION } from "./option-kinds.js";
import type { Scope } from "./scopes.js";

/** Runs `task` while no other process runs a task with the same `key`. Resolves or rejects as the task does. */
export type Lock = (key: string, task: () => Promise<void>) => Promise<unknown>;

/** A store for encrypted tokens, used instead of the session store. A Keyv instance fits. */
export interface TokenStore {
  /** @returns the value that was set; `undefined` or `null` for a key that is unknown or has expired */
  get(key: string): Promise<unknown> | unknown;
  /** @param ttlMs milliseconds after which the entry may expire */
  set(key: string, value: string, ttlMs: number): Promise<unknown> | unknown;
  delete(key: string): Promise<unknown> | unknown;
}

/** The limits of each cache. Users, guilds, connections, members and authorizations have a cache each. */
export interface CacheOptions {
  /** The maximum number of cached sign-ins. Default: 1,000. */
  readonly max?: number | undefined;
  /**
   * The estimated maximum size of each cache, in bytes. The least recently used entries are removed. Default:
   * 33,554,432 (32 MiB), enough for about 170 sign-ins of users with 200 guilds each.
   */
  readonly maxBytes?: number | undefined;
  /** The maximum age of cached data, in milliseconds. Default: 300,000 (5 minutes). */
  readonly ttlMs?: number | undefined;
}

/**
 * The options of `DiscordOAuth2Session`. Options you leave out are read from the app's settings
 * (`app.set("DISCORD_CLIENT_ID", ...)`), then from the environment variable of the same name.
 */
export interface DiscordOptions {
  /** The application's client id. Setting and environment variable: `DISCORD_CLIENT_ID`. */
  readonly clientId?: string | undefined;
  /** The application's client secret. Setting and environment variable: `DISCORD_CLIENT_SECRET`. */
  readonly clientSecret?: string | undefined;
  /** The URL of the callback, exactly as registered in the developer portal. `DISCORD_REDIRECT_URI`. */
  readonly redirectUri?: string | undefined;
  /**
   * The path prefix that a proxy strips before the app sees a request, such as `/shop`. Default: none. Leave it out
   * of paths in the app's code (`afterLogin`, `redirectUnauthorized`). `returnTo` is the path that the browser sees
   * and contains it.
   */
  readonly basePath?: string | undefined;
  /**
   * Further origins whose pages belong to the app, such as `https://www.example.com` for a single-page app, or
   * `capacitor://localhost` for an app in a web view. Logins may redirect to them, and their pages may sign
   * visitors out and sign them in with a code. Pass the same origins to your CORS middleware. Default: none. The
   * origins of the redirect URI and of the Activity are always allowed.
   */
  readonly origins?: readonly string[] | undefined;
  /** The bot's token, needed only for calls as the bot. `DISCORD_BOT_TOKEN`. */
  readonly botToken?: string | undefined;
  /** The scopes a login asks for. Default: `["identify"]`. `DISCORD_SCOPES`, separated by spaces. */
  readonly scopes?: readonly Scope[] | undefined;
  /**
   * Discord's origin. Default: `https://discord.com`. Plain http is allowed on loopback addresses only.
   * `DISCORD_URL`.
   */
  readonly discordUrl?: string | undefined;
  /** The expected `iss` parameter of a callback, if it has one. Default: `discordUrl`. `DISCORD_ISSUER`. */
  readonly issuer?: string | undefined;
  /**
   * Encrypts login cookies and stored tokens: a string of 32 characters or more, or a list of such strings, newest
   * first. The first one encrypts, and all of them decrypt. Default: the client secret, which may also be in the
   * list. `DISCORD_SECRET`: one secret.
   */
  readonly secret?: string | readonly string[] | undefined;
  /** The limits of the caches. `DISCORD_USERS_CACHE_MAX_LIMIT` sets `max`. */
  readonly cache?: CacheOptions | undefined;
  /** A cache of your own for users. Its keys are internal. */
  readonly usersCache?: LRUCache<string, User> | undefined;
  /** A store for tokens. Default: the session store. */
  readonly tokenStore?: TokenStore | undefined;
  /**
   * Returns whether the bot is in a guild. For bots in 5,000 guilds or more, which `fetchBotGuilds` does not
   * support. Use the cache of your gateway connection, or a database that it keeps up to date.
   */
  readonly isBotInGuild?: ((guildId: string) => Promise<boolean> | boolean) | undefined;
  /** A lock that serializes refreshes and callbacks across processes. It must last longer than twice `timeoutMs`. */
  readonly lock?: Lock | undefined;
  /**
   * Makes a record's key from a hash (43 characters of `A-Za-z0-9_-`), for session stores that accept only ids in a
   * format of the app's own. Formats with one alphabet, including UUIDs, are detected and do not need it. Must
   * return the same key for the same hash.
   */
  readonly recordKey?: ((hash: string) => string) | undefined;
  /**
   * The deadline of a whole call to Discord, in milliseconds, not counting waits for rate limits. Default: 5,000. A
   * refresh may take four times as long, but no request waits for it that long.
   */
  readonly timeoutMs?: number | undefined;
  /** How long a call may wait for rate limits, in milliseconds. Default: 2,000. */
  readonly maxWaitMs?: number | undefined;
  /** How many responses of 401, 403 and 429 in ten minutes stop the calls of this process. Default: 9,500. */
  readonly invalidRequestLimit?: number | undefined;
  /** The URL of an HTTP proxy for every call to Discord, including credentials. `DISCORD_PROXY`. */
  readonly proxy?: string | undefined;
}

/** Options of `revoke`. */
export interface RevokeOptions {
  /**
   * `true`: also revokes the tokens, which ends all of the user's sign-ins to this application. This
   * process signs them out immediately. Other processes notice at their next uncached call or refresh.
   */
  readonly everywhere?: boolean | undefined;
}

/** @throws TypeError */
export const revokeOptions = optionsChecker<RevokeOptions>({
  of: "revoke",
  example: "{ everywhere: true }",
  kinds: { everywhere: BOOLEAN },
});

/** Options of `callback`. */
export interface CallbackOptions {
  /**
   * Called with each new login, for example to refuse visitors or to store something in the session. A repeated
   * callback (a double click) waits for it and shares its result. If it throws, the sign-in ends and `callback`
   * throws the same error. If it returns a path, that is the `returnTo` of the result.
   */
  readonly onLogin?: OnLogin | undefined;
  /**
   * The id of the visitor's account in your own database, if they are signed in to one. A login started with
   * `connect` is refused unless the ids match. Other logins ignore it.
   */
  readonly connect?: string | undefined;
}

/** Options of `signInWithCode`. The values may come from the client; they are validated. */
export interface CodeOptions extends Pick<CallbackOptions, "onLogin"> {
  /** The code that Discord gave the client. */
  readonly code: string;
  /** The client's PKCE verifier (RFC 7636), if its authorization request had a challenge. */
  readonly codeVerifier?: string | undefined;
  /** The redirect URI of the client's authorization request, if it had one. Activities have none. */
  readonly redirectUri?: string | undefined;
}

/** @throws TypeError */
export const codeOptions = optionsChecker<CodeOptions>({
  of: "signInWithCode",
  example: "{ code: req.body.code }",
  // Checked elsewhere, with errors of status 400: they may come from the client.
  kinds: { code: ANYTHING, codeVerifier: ANYTHING, redirectUri: ANYTHING, onLogin: FUNCTION },
  required: [],
});

/** @throws TypeError */
export const callbackOptions = optionsChecker<CallbackOptions>({
  of: "callback",
  example: "{ onLogin }",
  kinds: { onLogin: FUNCTION, connect: ACCOUNT_ID },
});
