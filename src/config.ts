import { isDeepStrictEqual } from "node:util";
import { isRecord, mistakesIn } from "./check-options.js";
import { CACHE_OPTIONS, DISCORD_OPTIONS, furtherMistakes, originOf } from "./config-values.js";
import type { DiscordOptions } from "./options.js";

/** The checked configuration, with settings, environment variables and defaults filled in. */
export type Config = ReturnType<typeof resolveConfig>;

/** Looks up a setting: first in the app's settings, then in the environment. */
type SettingSource = (name: string) => unknown;

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

/** The deadline of a call to a store, in milliseconds of real time. */
export function storeDeadlineMs({ timeoutMs }: Config): number {
  return 2 * timeoutMs;
}

/** Reads and checks the whole configuration. @throws TypeError that lists every mistake at once */
export function resolveConfig(options: DiscordOptions, settings: SettingSource) {
  const input = withSettings(options, settings);
  const { cache = {}, secret, ...others } = input;
  const { clientId = "", clientSecret = "", redirectUri = "", discordUrl = DISCORD_URL } = input;

  const mistakes = [
    ...REQUIRED.filter((name) => input[name] === undefined).map(
      (name) =>
        `${name} is missing: pass it as an option, or set ${SETTING_OF[name]} on the app or in the environment.`,
    ),
    ...mistakesIn(DISCORD_OPTIONS, input),
    ...mistakesIn(CACHE_OPTIONS, cache, "cache."),
    ...furtherMistakes(input),
  ];
  if (mistakes.length > 0) {
    throw new TypeError(
      `express-discord is not configured correctly:\n${mistakes.map((mistake) => `  - ${mistake}`).join("\n")}`,
    );
  }
  return Object.freeze({
    ...others,
    clientId,
    clientSecret,
    redirectUri,
    /** Empty if no proxy strips a part of the path. */
    basePath: input.basePath ?? "",
    origins: input.origins ?? [],
    scopes: input.scopes ?? ["identify"],
    discordUrl: originOf(discordUrl),
    issuer: input.issuer ?? originOf(discordUrl),
    secrets: typeof secret === "string" ? [secret] : (secret ?? [clientSecret]),
    cacheMax: cache.max ?? 1000,
    cacheMaxBytes: cache.maxBytes ?? 32 * 1024 * 1024,
    cacheTtlMs: cache.ttlMs ?? 300_000,
    timeoutMs: input.timeoutMs ?? 5000,
    maxWaitMs: input.maxWaitMs ?? 2000,
    invalidRequestLimit: input.invalidRequestLimit ?? 9500,
  });
}

/** Fills options that were left out from the settings. Checks nothing. */
function withSettings(options: DiscordOptions, settings: SettingSource): DiscordOptions {
  const found: Record<string, unknown> = { ...options };
  for (const [name, setting] of Object.entries(SETTING_OF)) {
    const value = found[name] ?? settings(setting);
    found[name] = value === "" || value === null ? undefined : value;
  }
  const { scopes } = found;
  const cache = found["cache"] ?? {};
  if (typeof scopes === "string") found["scopes"] = scopes.split(/\s+/).filter(Boolean);
  const max = settings("DISCORD_USERS_CACHE_MAX_LIMIT") ?? "";
  if (isRecord(cache))
    found["cache"] = { ...cache, max: cache["max"] ?? (max === "" ? undefined : Number(max)) };
  return found;
}

/** @throws TypeError unless the configurations of an instance in two apps are equal */
export function requireSameConfig(one: Config, other: Config): void {
  if (isDeepStrictEqual(one, other)) return;
  throw new TypeError(
    "This DiscordOAuth2Session already serves another app with a different configuration. Create one instance for each configuration.",
  );
}
