import type { LRUCache } from "lru-cache";
import { optionsChecker } from "./check-options.js";
import type { OnLogin } from "./login/login.js";
import type { User } from "./models/user.js";
import { ACCOUNT_ID, ANYTHING, BOOLEAN, FUNCTION } from "./option-kinds.js";
import type { Scope } from "./scopes.js";

/** Runs `task` while no other process runs one with the same `key`, and passes on what it resolves or rejects with. */
export type Lock = (key: string, task: () => Promise<void>) => Promise<unknown>;

/** Where sealed tokens can lie instead of the session store; a Keyv instance fits. */
export interface TokenStore {
  /** @returns what was set; nothing for a key that is unknown or forgotten */
  get(key: string): Promise<unknown> | unknown;
  /** @param ttlMs milliseconds after which the entry may be forgotten */
  set(key: string, value: string, ttlMs: number): Promise<unknown> | unknown;
  delete(key: string): Promise<unknown> | unknown;
}

/** The limits of the caches: users, guilds, connections, members and authorizations have one each. */
export interface CacheOptions {
  /** How many sign-ins are cached. Default 1,000. */
  readonly max?: number | undefined;
  /**
   * How much memory each cache may take, in bytes, estimated. The answers read longest ago make room. Default 32 MiB
   * (33,554,432), which is about 170 sign-ins of users with 200 guilds each.
   */
  readonly maxBytes?: number | undefined;
  /** Milliseconds. Default 5 minutes. */
  readonly ttlMs?: number | undefined;
}

/**
 * Everything a `DiscordOAuth2Session` can be told. What is left out comes from the app's settings
 * (`app.set("DISCORD_CLIENT_ID", ...)`), else from the environment variable of the same name.
 */
export interface DiscordOptions {
  /** The application's client id. Setting and environment: `DISCORD_CLIENT_ID`. */
  readonly clientId?: string | undefined;
  /** The application's client secret. Setting and environment: `DISCORD_CLIENT_SECRET`. */
  readonly clientSecret?: string | undefined;
  /** The callback's address, exactly as registered in the developer portal. `DISCORD_REDIRECT_URI`. */
  readonly redirectUri?: string | undefined;
  /**
   * The part of the app's path that a proxy strips before the app sees a request, such as `/shop`. Default: none. The paths
   * that the app is made with (`afterLogin`, `redirectUnauthorized`) do not contain it; `returnTo` does, as the browser sees it.
   */
  readonly basePath?: string | undefined;
  /**
   * Further origins whose pages belong to the app, such as `https://www.example.com` of a single-page app, or
   * `capacitor://localhost` of an app in a web view. Logins may lead back there, logouts may come from there, and their pages may sign
   * visitors in with a code. Give the same ones to your CORS middleware. Default: none. The origin of the redirect URI and that of
   * the Activity are allowed anyway.
   */
  readonly origins?: readonly string[] | undefined;
  /** Needed for calls as the bot only. `DISCORD_BOT_TOKEN`. */
  readonly botToken?: string | undefined;
  /** The scopes a login asks for. Default `["identify"]`. `DISCORD_SCOPES`, separated by spaces. */
  readonly scopes?: readonly Scope[] | undefined;
  /** Where Discord is. Default `https://discord.com`; plain http on a loopback address only. `DISCORD_URL`. */
  readonly discordUrl?: string | undefined;
  /** What the `iss` parameter of a callback must be, where there is one. Default: `discordUrl`. `DISCORD_ISSUER`. */
  readonly issuer?: string | undefined;
  /**
   * Seals login cookies and stored tokens: 32 characters or more, or a list of such, newest first. Default: the client
   * secret, which may stand in the list too, so that what it has sealed can still be opened. `DISCORD_SECRET`: one secret.
   */
  readonly secret?: string | readonly string[] | undefined;
  /** Size and age of the caches. `DISCORD_USERS_CACHE_MAX_LIMIT` gives `max`. */
  readonly cache?: CacheOptions | undefined;
  /** A cache of your own for users; its keys are internal. */
  readonly usersCache?: LRUCache<string, User> | undefined;
  /** Where tokens are stored, if not next to the sessions. */
  readonly tokenStore?: TokenStore | undefined;
  /**
   * Whether the bot is in a guild, for bots in more than 5,000: `fetchBotGuilds` would take a call for each 200. Ask the cache of
   * your gateway connection, or a database that it keeps up to date.
   */
  readonly isBotInGuild?: ((guildId: string) => Promise<boolean> | boolean) | undefined;
  /** Serialises refreshes and callbacks among several processes. It must hold longer than twice `timeoutMs`. */
  readonly lock?: Lock | undefined;
  /**
   * Makes the key of a record from a hash (43 characters of `A-Za-z0-9_-`), for session stores that take only ids of the
   * app's own form. Not needed for ids of one alphabet, UUIDs included: those forms are recognised. The same hash must give
   * the same key.
   */
  readonly recordKey?: ((hash: string) => string) | undefined;
  /**
   * Deadline for one whole call to Discord, in milliseconds, waits for rate limits apart. Default 5,000. The answer to a
   * refresh is listened for four times as long, when no request waits for it any more.
   */
  readonly timeoutMs?: number | undefined;
  /** How long a call may wait for a rate limit, in milliseconds. Default 2,000. */
  readonly maxWaitMs?: number | undefined;
  /** How many refused calls (401, 403, 429) in ten minutes stop this process from calling. Default 9,500. */
  readonly invalidRequestLimit?: number | undefined;
  /** An HTTP proxy for every call to Discord, credentials in the URL. `DISCORD_PROXY`. */
  readonly proxy?: string | undefined;
}

/** How far a sign-out reaches. */
export interface RevokeOptions {
  /**
   * Also at Discord, which ends the tokens of all the user's sign-ins to this application. This process signs them all out
   * at once; another one notices at its next call that is not cached, or at the refresh.
   */
  readonly everywhere?: boolean | undefined;
}

/** @throws TypeError */
export const revokeOptions: (options: RevokeOptions | undefined) => RevokeOptions =
  optionsChecker<RevokeOptions>({
    of: "revoke",
    example: "{ everywhere: true }",
    kinds: { everywhere: BOOLEAN },
  });

/** What `callback` can do beyond completing the login. */
export interface CallbackOptions {
  /**
   * What the app does with a new login, such as turning visitors away or storing something in the session. A callback that
   * comes twice (a double click) waits for it and shares its outcome. What it throws ends the sign-in and is thrown again; a
   * path that it returns is the `returnTo` of the result.
   */
  readonly onLogin?: OnLogin | undefined;
  /**
   * The id of the visitor's account in your own records, where they are signed in to one. A login that was started with
   * `connect` is refused without it or with another; logins without `connect` are left alone.
   */
  readonly connect?: string | undefined;
}

/** What `signInWithCode` needs to know. The values may come from the client: their form is checked. */
export interface CodeOptions extends Pick<CallbackOptions, "onLogin"> {
  /** The code that Discord gave the client. */
  readonly code: string;
  /** The PKCE verifier of the client (RFC 7636), where its authorization request had a challenge. */
  readonly codeVerifier?: string | undefined;
  /** The redirect URI of the client's authorization request, where it named one; an Activity names none. */
  readonly redirectUri?: string | undefined;
}

/** @throws TypeError */
export const codeOptions: (options: CodeOptions) => CodeOptions = optionsChecker<CodeOptions>({
  of: "signInWithCode",
  example: "{ code: req.body.code }",
  // What may come from the client has an error of its own.
  kinds: { code: ANYTHING, codeVerifier: ANYTHING, redirectUri: ANYTHING, onLogin: FUNCTION },
  required: [],
  aliases: { verifier: "codeVerifier", code_verifier: "codeVerifier", redirect_uri: "redirectUri" },
});

/** @throws TypeError */
export const callbackOptions: (options: CallbackOptions | undefined) => CallbackOptions =
  optionsChecker<CallbackOptions>({
    of: "callback",
    example: "{ onLogin }",
    kinds: { onLogin: FUNCTION, connect: ACCOUNT_ID },
  });
