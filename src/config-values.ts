import { hasMethods, type Kind, type Kinds, type OptionRules, wrongValue } from "./check-options.js";
import { digestOf } from "./digest.js";
import { ANYTHING, FUNCTION, isVisibleAscii, SCOPES } from "./option-kinds.js";
import type { CacheOptions, DiscordOptions } from "./options.js";
import { shown } from "./shown.js";
import { isSnowflake } from "./snowflake.js";

const MIN_SECRET_LENGTH = 32;
const MIN_DISTINCT = 8;
const AN_HOUR_MS = 3_600_000;
const PLACEHOLDER =
  /change.?(?:me|this|it)|replace.?(?:me|this|it)|your.{0,30}(?:secret|key)|(?:super|my|dev(?:elopment)?|test).?secret|keyboard.?cat|qwerty|placeholder|password|^secret.?secret/i;

const COUNT: Kind = { wanted: "a whole number above 0", accepts: isCount };

const TIME: Kind = {
  wanted: "a whole number of milliseconds from 1 to 3,600,000 (an hour)",
  accepts: isTime,
};

const CREDENTIAL: Kind = { wanted: "a string without spaces", accepts: isVisibleAscii, isSecret: true };

const DISCORD_KINDS: Kinds<DiscordOptions> = {
  clientId: {
    wanted: "a snowflake (the numeric id shown in the developer portal)",
    accepts: isSnowflake,
    isSecret: true,
    hint: (value) =>
      (typeof value === "number" || typeof value === "bigint") &&
      "put it in quotes, because JavaScript rounds numbers this large.",
  },
  clientSecret: CREDENTIAL,
  redirectUri: {
    wanted: "an absolute http or https URL without a fragment or spaces",
    accepts: isRedirectUri,
  },
  origins: {
    wanted: 'a list of origins such as ["https://app.example"]',
    accepts: (value) => Array.isArray(value) && value.every(isOrigin),
  },
  basePath: {
    wanted: 'a path such as "/shop", without a trailing slash',
    accepts: (value) => typeof value === "string" && /^(?:\/[\w.~!$&'()*+,;=:@%-]+)+$/.test(value),
  },
  botToken: {
    ...CREDENTIAL,
    hint: (value) =>
      typeof value === "string" && /^\s*bot\s/i.test(value) && "pass the token without the word Bot.",
  },
  scopes: SCOPES,
  discordUrl: {
    wanted: 'an https origin such as "https://discord.com" (plain http on a loopback address only)',
    accepts: isDiscordOrigin,
  },
  issuer: { wanted: "a URL", accepts: (value) => isVisibleAscii(value) && URL.canParse(value) },
  secret: {
    wanted: `a string of ${MIN_SECRET_LENGTH} characters or more, or a list of such strings`,
    accepts: (value) => typeof value === "string" || (Array.isArray(value) && value.length > 0),
    isSecret: true,
  },
  // Checked by CACHE_OPTIONS.
  cache: ANYTHING,
  usersCache: {
    wanted: "an LRUCache (lru-cache 11)",
    accepts: (value) => hasMethods(value, "get", "set", "delete", "keys", "peek"),
  },
  tokenStore: {
    wanted: "an object with get, set and delete",
    accepts: (value) => hasMethods(value, "get", "set", "delete"),
  },
  isBotInGuild: { ...FUNCTION, wanted: "a function (guildId) => boolean" },
  recordKey: { ...FUNCTION, wanted: "a function (hash) => key" },
  lock: { ...FUNCTION, wanted: "a function (key, task) => Promise" },
  timeoutMs: TIME,
  maxWaitMs: {
    wanted: "a whole number of milliseconds from 0 to 3,600,000 (an hour)",
    accepts: (value) => value === 0 || isTime(value),
  },
  invalidRequestLimit: COUNT,
  proxy: { wanted: "an http or https URL", accepts: isHttpUrl, isSecret: true },
};

/** The rules for the options of `DiscordOAuth2Session`. {@link furtherMistakes} checks what they leave open. */
export const DISCORD_OPTIONS: OptionRules<DiscordOptions> = {
  of: "new DiscordOAuth2Session",
  example: "{ clientId, clientSecret, redirectUri }",
  kinds: DISCORD_KINDS,
  aliases: {
    applicationid: "clientId",
    appid: "clientId",
    callbackurl: "redirectUri",
    callbackuri: "redirectUri",
    pathprefix: "basePath",
    prefix: "basePath",
  },
};

/** The rules for the option `cache`. */
export const CACHE_OPTIONS: OptionRules<CacheOptions> = {
  of: "cache",
  example: "{ max: 1000 }",
  kinds: {
    max: COUNT,
    maxBytes: { wanted: "a whole number of bytes above 0", accepts: isCount },
    ttlMs: { wanted: "a whole number of milliseconds above 0", accepts: isCount },
  },
};

/** Yields mistakes that the kind of a value does not show. */
export function* furtherMistakes({
  secret,
  clientSecret,
  recordKey,
  tokenStore,
}: DiscordOptions): Generator<string> {
  const list: unknown = typeof secret === "string" ? [secret] : secret;
  // The list may contain the client secret, however short it is.
  const own: unknown[] = Array.isArray(list) ? list.filter((one) => one !== clientSecret) : [];
  if (!own.every(isLong)) yield wrongValue("secret", secret, DISCORD_KINDS.secret);
  else if (own.some(isWeak))
    yield "secret can be guessed: it repeats itself, counts up, or is a placeholder. To create one, run: node -p \"crypto.randomBytes(32).toString('base64url')\"";
  if (typeof recordKey === "function") {
    // With a key that is missing or always the same, every login would fail as if it had ended already.
    const [key, other]: readonly unknown[] = ["one", "another"].map((text) => recordKey(digestOf(text)));
    if (typeof key !== "string" || key === "")
      yield `recordKey must return a key, a string, not ${shown(key)}.`;
    else if (key === other)
      yield `recordKey must return a different key for each hash, not always ${shown(key)}.`;
  }
  if (tokenStore && "throwOnErrors" in tokenStore && tokenStore.throwOnErrors === false)
    yield "tokenStore hides its failures, which would sign visitors out. Use new Keyv({ throwOnErrors: true }).";
}

function isLong(secret: unknown): secret is string {
  return typeof secret === "string" && secret.length >= MIN_SECRET_LENGTH;
}

/** Whether a secret can be guessed. */
function isWeak(secret: string): boolean {
  if (new Set(secret).size < MIN_DISTINCT || PLACEHOLDER.test(secret)) return true;
  if (/^(.{1,16}?)\1+.{0,15}$/s.test(secret)) return true;
  const steps = [...secret].slice(1).map((letter, index) => letter.charCodeAt(0) - secret.charCodeAt(index));
  return steps.filter((step) => Math.abs(step) <= 1).length > (2 * steps.length) / 3;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** Whether a timer can count several times this long. Timers longer than 24 days fire immediately. */
function isTime(value: unknown): boolean {
  return isCount(value) && value <= AN_HOUR_MS;
}

function parseUrl(value: unknown): URL | undefined {
  return typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
}

function isHttpUrl(value: unknown): boolean {
  return ["http:", "https:"].includes(parseUrl(value)?.protocol ?? "");
}

/** Whether Discord can redirect to a URL. */
function isRedirectUri(value: unknown): boolean {
  return isHttpUrl(value) && !/[#\s\p{Cc}]/u.test(String(value));
}

/** Whether a value is an origin as browsers send it. Web views send, for example, `capacitor://localhost`. */
function isOrigin(value: unknown): boolean {
  const url = parseUrl(value);
  if (url === undefined) return false;
  const { protocol, host, origin } = url;
  return value === (origin === "null" && host !== "" ? `${protocol}//${host}` : origin);
}

/** Whether a value is valid as `discordUrl`: plain http is allowed on this machine only. */
function isDiscordOrigin(value: unknown): boolean {
  const url = parseUrl(value);
  if (url?.pathname !== "/" || url.search || url.hash || url.username || url.password) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Returns the origin of a URL; empty for anything else. */
export function originOf(url: unknown): string {
  return parseUrl(url)?.origin ?? "";
}
