import type { LRUCache } from "lru-cache";
import { isRecord, mistakesIn } from "./check-options.js";
import { CACHE_OPTIONS, DISCORD_OPTIONS, mistakesInSecrets, originOf } from "./config-values.js";
import type { User } from "./models/user.js";
import type { CacheOptions, DiscordOptions, Lock, TokenStore } from "./options.js";

/** The options with every source consulted, every default filled in and everything checked. */
export interface Config {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  /** Empty where no proxy strips a part of the path. */
  readonly basePath: string;
  readonly botToken: string | undefined;
  readonly origins: readonly string[];
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
  readonly isBotInGuild: ((guildId: string) => Promise<boolean> | boolean) | undefined;
  readonly recordKey: ((hash: string) => string) | undefined;
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

const REQUIRED = ["clientId", "clientSecret", "redirectUri"] as const;

const DISCORD_URL = "https://discord.com";

/** How long a store is waited for, in milliseconds of real time. */
export function storeDeadlineMs({ timeoutMs }: Config): number {
  return 2 * timeoutMs;
}

/** Reads and checks the whole configuration. @throws TypeError that lists every mistake at once */
export function resolveConfig(options: DiscordOptions, settings: SettingSource): Config {
  const given = withSettings(options, settings);
  const cache: CacheOptions = given.cache ?? {};
  const { clientId = "", clientSecret = "", redirectUri = "", discordUrl = DISCORD_URL } = given;
  const secrets = typeof given.secret === "string" ? [given.secret] : (given.secret ?? [clientSecret]);

  const mistakes = [
    ...missing(given),
    ...mistakesIn(DISCORD_OPTIONS, given),
    ...mistakesIn(CACHE_OPTIONS, cache, "cache."),
    ...mistakesInSecrets(given),
    ...mistakesInStore(given.tokenStore),
  ];
  if (mistakes.length > 0) {
    throw new TypeError(
      `express-discord is not configured correctly:\n${mistakes.map((mistake) => `  - ${mistake}`).join("\n")}`,
    );
  }
  return Object.freeze({
    clientId,
    clientSecret,
    redirectUri,
    basePath: given.basePath ?? "",
    botToken: given.botToken,
    origins: given.origins ?? [],
    scopes: given.scopes ?? ["identify"],
    discordUrl: originOf(discordUrl),
    issuer: given.issuer ?? originOf(discordUrl),
    secrets,
    cacheMax: cache.max ?? 1000,
    cacheMaxBytes: cache.maxBytes ?? 32 * 1024 * 1024,
    cacheTtlMs: cache.ttlMs ?? 300_000,
    usersCache: given.usersCache,
    tokenStore: given.tokenStore,
    lock: given.lock,
    isBotInGuild: given.isBotInGuild,
    recordKey: given.recordKey,
    timeoutMs: given.timeoutMs ?? 5000,
    maxWaitMs: given.maxWaitMs ?? 2000,
    invalidRequestLimit: given.invalidRequestLimit ?? 9500,
    proxy: given.proxy,
  });
}

/** The options, with what the settings say of those that were left out. Nothing is checked yet. */
function withSettings(options: DiscordOptions, settings: SettingSource): DiscordOptions {
  const names = Object.keys(SETTING_OF) as (keyof typeof SETTING_OF)[];
  const found = Object.fromEntries(
    names.map((name) => {
      const value = options[name] ?? settings(SETTING_OF[name]);
      return [name, value === "" || value === null ? undefined : value];
    }),
  );
  const { scopes } = found;
  const cache: unknown = options.cache ?? {};
  const cacheMax = settings("DISCORD_USERS_CACHE_MAX_LIMIT");
  return {
    ...options,
    ...found,
    scopes: (typeof scopes === "string" ? scopes.split(/\s+/).filter(Boolean) : scopes) as readonly string[],
    cache: isRecord(cache)
      ? { ...cache, max: options.cache?.max ?? numberOf(cacheMax) }
      : (cache as CacheOptions),
  };
}

function* missing(given: DiscordOptions): Generator<string> {
  for (const name of REQUIRED) {
    if (given[name] === undefined)
      yield `${name} is missing: pass it as an option, or set ${SETTING_OF[name]} on the app or in the environment.`;
  }
}

function* mistakesInStore(store: TokenStore | undefined): Generator<string> {
  if (store && "throwOnErrors" in store && store.throwOnErrors === false)
    yield "tokenStore hides its failures, which would sign visitors out: new Keyv({ throwOnErrors: true }).";
}

/** Whether two configurations mean the same. */
export function isSameConfig(one: Config, other: Config): boolean {
  return (Object.keys(one) as (keyof Config)[]).every((key) => {
    const [a, b] = [one[key], other[key]];
    return a === b || (Array.isArray(a) && Array.isArray(b) && a.join("\n") === b.join("\n"));
  });
}

/** What an environment variable holds as a number. */
function numberOf(value: unknown): number | undefined {
  if (value === "" || value === undefined) return undefined;
  return Number(value);
}
