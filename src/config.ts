import type { LRUCache } from "lru-cache";
import {
  hasMethods,
  isCount,
  isDiscordOrigin,
  isHttpUrl,
  isPrintable,
  isRedirectUri,
  isScopes,
  isSecrets,
  isTime,
  listed,
  numberOf,
  optional,
  originOf,
  secretsOf,
} from "./config-values.js";
import type { User } from "./models/user.js";
import type { CacheOptions, DiscordOptions, Lock, TokenStore } from "./options.js";
import { kindOf, shown } from "./shown.js";

/** The options with every source consulted, every default filled in and everything checked. */
export interface Config {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly botToken: string | undefined;
  readonly scopes: readonly string[];
  readonly discordUrl: string;
  readonly issuer: string;
  readonly secrets: readonly string[];
  readonly cacheMax: number;
  readonly cacheMaxBytes: number;
  readonly cacheTtlMs: number;
  readonly usersCache: LRUCache<string, User> | undefined;
  readonly tokenStore: TokenStore | undefined;
  readonly lock: Lock | undefined;
  readonly timeoutMs: number;
  readonly maxWaitMs: number;
  readonly invalidRequestLimit: number;
  readonly proxy: string | undefined;
}

/** Where settings can come from: the app's own first, then the environment. */
export type SettingSource = (name: string) => unknown;

const SETTING_OF = {
  clientId: "DISCORD_CLIENT_ID",
  clientSecret: "DISCORD_CLIENT_SECRET",
  redirectUri: "DISCORD_REDIRECT_URI",
  botToken: "DISCORD_BOT_TOKEN",
  scopes: "DISCORD_SCOPES",
  discordUrl: "DISCORD_URL",
  issuer: "DISCORD_ISSUER",
  secret: "DISCORD_SECRET",
  proxy: "DISCORD_PROXY",
} as const satisfies Partial<Record<keyof DiscordOptions, string>>;

const OPTION_NAMES = [
  ...Object.keys(SETTING_OF),
  "cache",
  "usersCache",
  "tokenStore",
  "lock",
  "timeoutMs",
  "maxWaitMs",
  "invalidRequestLimit",
];

const DISCORD_URL = "https://discord.com";

const CACHE_OPTION_NAMES = ["max", "maxBytes", "ttlMs"] as const satisfies readonly (keyof CacheOptions)[];

/** How long a store is waited for, in milliseconds of real time. */
export function storeDeadlineMs({ timeoutMs }: Config): number {
  return 2 * timeoutMs;
}

/** Reads and checks the whole configuration. @throws TypeError that lists every mistake at once */
export function resolveConfig(options: DiscordOptions, settings: SettingSource): Config {
  const mistakes: string[] = [...unknownOptions(options)];

  function given(name: keyof typeof SETTING_OF): unknown {
    const value = options[name] ?? settings(SETTING_OF[name]);
    return value === "" || value === null ? undefined : value;
  }
  function check<T>(
    name: string,
    value: unknown,
    wanted: string,
    isWanted: (value: unknown) => value is T,
  ): T {
    if (!isWanted(value)) mistakes.push(`${name} must be ${wanted}, not ${describe(name, value)}.`);
    return value as T;
  }
  function required(
    name: "clientId" | "clientSecret" | "redirectUri",
    wanted: string,
    test: (v: string) => boolean,
  ) {
    const value = given(name);
    if (value === undefined) {
      mistakes.push(
        `${name} is missing: pass it as an option, or set ${SETTING_OF[name]} on the app or in the environment.`,
      );
      return "";
    }
    return check(name, value, wanted, (v): v is string => typeof v === "string" && test(v));
  }

  const discordUrl = check(
    "discordUrl",
    given("discordUrl") ?? DISCORD_URL,
    'an https origin such as "https://discord.com" (plain http on a loopback address only)',
    isDiscordOrigin,
  );
  const clientSecret = required("clientSecret", "a string without spaces", isPrintable);
  const config: Config = {
    clientId: required("clientId", "a snowflake (the numeric id shown in the developer portal)", (v) =>
      /^\d{1,20}$/.test(v),
    ),
    clientSecret,
    redirectUri: required("redirectUri", "an absolute http or https URL without a fragment", isRedirectUri),
    botToken: check("botToken", given("botToken"), "a string without spaces", optional(isPrintable)),
    scopes: check("scopes", listed(given("scopes")) ?? ["identify"], "a non-empty list of scopes", isScopes),
    discordUrl: originOf(discordUrl),
    issuer: check("issuer", given("issuer") ?? (originOf(discordUrl) || DISCORD_URL), "a URL", isPrintable),
    secrets: check(
      "secret",
      secretsOf(given("secret")) ?? [clientSecret],
      "a string of 32 characters or more, or a list of such",
      isSecrets(clientSecret),
    ),
    cacheMax: check(
      "cache.max",
      options.cache?.max ?? numberOf(settings("DISCORD_USERS_CACHE_MAX_LIMIT")) ?? 1000,
      "a whole number above 0",
      isCount,
    ),
    cacheMaxBytes: check(
      "cache.maxBytes",
      options.cache?.maxBytes ?? 32 * 1024 * 1024,
      "a whole number of bytes above 0",
      isCount,
    ),
    cacheTtlMs: check(
      "cache.ttlMs",
      options.cache?.ttlMs ?? 300_000,
      "a whole number of milliseconds above 0",
      isCount,
    ),
    usersCache: check(
      "usersCache",
      options.usersCache,
      "an LRUCache (lru-cache 11)",
      optional(hasMethods<LRUCache<string, User>>("get", "set", "delete")),
    ),
    tokenStore: check(
      "tokenStore",
      options.tokenStore,
      "an object with get, set and delete",
      optional(hasMethods<TokenStore>("get", "set", "delete")),
    ),
    lock: check(
      "lock",
      options.lock,
      "a function (key, task) => Promise",
      optional((v): v is Lock => typeof v === "function"),
    ),
    timeoutMs: check(
      "timeoutMs",
      options.timeoutMs ?? 5000,
      "a whole number of milliseconds above 0, an hour at most",
      isTime,
    ),
    maxWaitMs: check(
      "maxWaitMs",
      options.maxWaitMs ?? 2000,
      "a whole number of milliseconds, 0 or more, an hour at most",
      (v): v is number => v === 0 || isTime(v),
    ),
    invalidRequestLimit: check(
      "invalidRequestLimit",
      options.invalidRequestLimit ?? 9500,
      "a whole number above 0",
      isCount,
    ),
    proxy: check(
      "proxy",
      given("proxy"),
      "an http or https URL",
      optional((v): v is string => isHttpUrl(v)),
    ),
  };

  if (config.tokenStore && "throwOnErrors" in config.tokenStore && config.tokenStore.throwOnErrors === false)
    mistakes.push(
      "tokenStore hides its failures, which would sign visitors out: new Keyv({ throwOnErrors: true }).",
    );
  if (mistakes.length > 0) {
    throw new TypeError(
      `express-discord is not configured correctly:\n${mistakes.map((mistake) => `  - ${mistake}`).join("\n")}`,
    );
  }
  return Object.freeze(config);
}

/** Whether two configurations mean the same. */
export function isSameConfig(one: Config, other: Config): boolean {
  return (Object.keys(one) as (keyof Config)[]).every((key) => {
    const [a, b] = [one[key], other[key]];
    return a === b || (Array.isArray(a) && Array.isArray(b) && a.join("\n") === b.join("\n"));
  });
}

function* unknownOptions(options: DiscordOptions): Generator<string> {
  yield* unknownNames(options, OPTION_NAMES, "");
  const cache: unknown = options.cache ?? {};
  if (typeof cache === "object" && cache !== null) yield* unknownNames(cache, CACHE_OPTION_NAMES, "cache.");
  else yield `cache must be an object such as { max: 1000 }, not ${describe("cache", cache)}.`;
}

function* unknownNames(given: object, known: readonly string[], prefix: string): Generator<string> {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const meant = known.find((one) => plain(one) === plain(name));
    yield `There is no option ${prefix}${name}${meant ? `: did you mean ${prefix}${meant}?` : `. The options are ${known.join(", ")}.`}`;
  }
}

/** `client_id`, `clientID` and `ClientId` are all `clientid`. */
function plain(name: string): string {
  return name.replaceAll(/[_-]/g, "").toLowerCase();
}

/** Ids and secrets are mixed up easily, so neither is repeated. */
const UNSHOWN = /^clientId$|secret|token|proxy/i;

function describe(name: string, value: unknown): string {
  return UNSHOWN.test(name) ? kindOf(value) : shown(value);
}
