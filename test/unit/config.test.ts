import { randomBytes } from "node:crypto";
import Keyv from "keyv";
import { LRUCache } from "lru-cache";
import { describe, expect, it } from "vitest";
import { requireSameConfig, resolveConfig } from "../../src/config.js";
import type { DiscordOptions, User } from "../../src/index.js";

const SECRET = "a-client-secret-that-nobody-may-see";
const COMPLETE = {
  clientId: "1100000000000000099",
  clientSecret: SECRET,
  redirectUri: "http://localhost:3000/callback",
} as const satisfies DiscordOptions;

const RANDOM = "q3ZkT9wXbV1mRj7sLpYc0uEoHn5gDf2a";

const NO_SETTINGS = () => undefined;

function resolve(options: object, settings: Readonly<Record<string, unknown>> = {}) {
  return resolveConfig({ ...COMPLETE, ...options }, (name) => settings[name]);
}

function mistakesIn(options: object, settings?: Readonly<Record<string, unknown>>): string[] {
  try {
    resolve(options, settings);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    const [title, ...mistakes] = (error as TypeError).message.split("\n  - ");
    expect(title).toBe("express-discord is not configured correctly:");
    return mistakes;
  }
  return [];
}

describe("the configuration", () => {
  it("the configuration has a default for all but three options", () => {
    expect(resolve({})).toEqual({
      ...COMPLETE,
      basePath: "",
      botToken: undefined,
      origins: [],
      isBotInGuild: undefined,
      scopes: ["identify"],
      discordUrl: "https://discord.com",
      issuer: "https://discord.com",
      secrets: [SECRET],
      cacheMax: 1000,
      cacheMaxBytes: 33_554_432,
      cacheTtlMs: 300_000,
      usersCache: undefined,
      tokenStore: undefined,
      lock: undefined,
      recordKey: undefined,
      timeoutMs: 5000,
      maxWaitMs: 2000,
      invalidRequestLimit: 9500,
      proxy: undefined,
    });
  });

  it("an error about the configuration lists every mistake at once", () => {
    const mistakes = mistakesIn({
      clientId: "",
      redirectUri: "/callback",
      scopes: [],
      timeoutMs: 0,
      lock: 5,
    });

    expect(mistakes).toEqual([
      "clientId is missing: pass it as an option, or set DISCORD_CLIENT_ID on the app or in the environment.",
      'redirectUri must be an absolute http or https URL without a fragment or spaces, not "/callback".',
      'scopes must be a list of scopes such as ["identify", "guilds"], not [].',
      "timeoutMs must be a whole number of milliseconds from 1 to 3,600,000 (an hour), not 0.",
      "lock must be a function (key, task) => Promise, not 5.",
    ]);
  });

  it("an error names each missing option and where it can be set", () => {
    expect(() => resolveConfig({}, NO_SETTINGS)).toThrow(
      /clientId is missing[\s\S]*DISCORD_CLIENT_ID[\s\S]*clientSecret is missing[\s\S]*DISCORD_CLIENT_SECRET[\s\S]*redirectUri is missing[\s\S]*DISCORD_REDIRECT_URI/,
    );
  });

  it.each([
    [{ client_id: "1" }, "There is no option client_id: did you mean clientId?"],
    [{ clientID: "1" }, "There is no option clientID: did you mean clientId?"],
    [{ redirectURI: "x" }, "There is no option redirectURI: did you mean redirectUri?"],
    [{ "bot-token": "x" }, "There is no option bot-token: did you mean botToken?"],
    [{ timeout: 1 }, "There is no option timeout: did you mean timeoutMs?"],
    [{ callbackURL: "https://app.example" }, "There is no option callbackURL: did you mean redirectUri?"],
    [{ scope: ["identify"] }, "There is no option scope: did you mean scopes?"],
    [{ token: "x" }, "There is no option token: did you mean botToken?"],
    [
      { passReqToCallback: 1 },
      /^There is no option passReqToCallback\. The options are clientId, clientSecret, .*, cache, .*maxWaitMs/,
    ],
    [{ cache: { ttlms: 1 } }, "There is no option cache.ttlms: did you mean cache.ttlMs?"],
    [{ cache: { ttl: 1 } }, "There is no option cache.ttl: did you mean cache.ttlMs?"],
  ])("an unknown option is refused: %j", (options, mistake) => {
    expect(mistakesIn(options)).toEqual([
      mistake instanceof RegExp ? expect.stringMatching(mistake) : mistake,
    ]);
  });

  it.each<[object, string]>([
    [
      { clientId: 1100000000000000 },
      "clientId must be a snowflake (the numeric id shown in the developer portal), not a number: put it in quotes, because JavaScript rounds numbers this large.",
    ],
    [
      { clientId: "my app" },
      "clientId must be a snowflake (the numeric id shown in the developer portal), not a string of 6 characters.",
    ],
    [
      { clientSecret: "two words" },
      "clientSecret must be a string without spaces, not a string of 9 characters.",
    ],
    [{ clientSecret: 5 }, "clientSecret must be a string without spaces, not a number."],
    [{ redirectUri: "localhost:3000/callback" }, 'not "localhost:3000/callback".'],
    [{ redirectUri: "https://app.example/callback#top" }, "without a fragment"],
    [{ redirectUri: "https://app.example/call back" }, "without a fragment or spaces"],
    [{ redirectUri: " https://app.example/callback" }, "without a fragment or spaces"],
    [{ redirectUri: "https://app.example/callback\n" }, "without a fragment or spaces"],
    [{ redirectUri: "ftp://app.example/callback" }, "http or https URL"],
    [{ redirectUri: "http://user:hunter2@" }, 'not "http://***@".'],
    [
      { botToken: "Bot abc" },
      "botToken must be a string without spaces, not a string of 7 characters: pass the token without the word Bot.",
    ],
    [{ botToken: { token: "x" } }, "botToken must be a string without spaces, not an object."],
    [
      { scopes: ["identify guilds"] },
      'scopes must be a list of scopes such as ["identify", "guilds"], not ["identify guilds"].',
    ],
    [{ scopes: [1n] }, "not [1n]."],
    [{ scopes: ["identity", "guilds"] }, 'not ["identity", "guilds"]: did you mean identify?'],
    [{ scopes: { identify: true } }, "not an object."],
    [{ discordUrl: "discord.com" }, 'discordUrl must be an https origin such as "https://discord.com"'],
    [{ discordUrl: "http://discord.com" }, "plain http on a loopback address only"],
    [{ discordUrl: "https://discord.com/api" }, 'not "https://discord.com/api".'],
    [{ discordUrl: "https://discord.com/?a" }, "discordUrl must be"],
    [{ discordUrl: "https://user:hunter2@discord.com" }, 'not "https://***@discord.com".'],
    [{ discordUrl: 5 }, "not 5."],
    [{ issuer: "with space" }, "issuer must be a URL"],
    [{ issuer: "discord.com" }, 'issuer must be a URL, not "discord.com".'],
    [
      { secret: "too short" },
      "secret must be a string of 32 characters or more, or a list of such strings, not a string of 9 characters.",
    ],
    [
      { secret: [] },
      "secret must be a string of 32 characters or more, or a list of such strings, not a list of 0.",
    ],
    [{ secret: [RANDOM, "short"] }, "not a list of 2."],
    [{ secret: 5 }, "not a number."],
    [{ cache: 5 }, "cache must be an object such as { max: 1000 }, not 5."],
    [{ cache: { maxBytes: "32MB" } }, 'cache.maxBytes must be a whole number of bytes above 0, not "32MB".'],
    [{ cache: { max: 0 } }, "cache.max must be a whole number above 0, not 0."],
    [{ cache: { ttlMs: 1.5 } }, "cache.ttlMs must be a whole number of milliseconds above 0, not 1.5."],
    [
      { usersCache: new Map([[1, 2]]).entries() },
      "usersCache must be an LRUCache (lru-cache 11), not an object.",
    ],
    [{ usersCache: new Map() }, "usersCache must be an LRUCache (lru-cache 11), not an object."],
    [{ usersCache: null }, "not null."],
    [{ tokenStore: { get() {}, set() {} } }, "tokenStore must be an object with get, set and delete"],
    [{ recordKey: () => null }, "recordKey must return a key, a string, not null."],
    [{ recordKey: () => "" }, 'recordKey must return a key, a string, not "".'],
    [{ recordKey: async (hash: string) => hash }, "recordKey must return a key, a string, not a promise."],
    [{ recordKey: () => "a" }, 'recordKey must return a different key for each hash, not always "a".'],
    [{ lock: "redis" }, 'lock must be a function (key, task) => Promise, not "redis".'],
    [
      { timeoutMs: "5000" },
      'timeoutMs must be a whole number of milliseconds from 1 to 3,600,000 (an hour), not "5000".',
    ],
    [{ timeoutMs: 3_600_001 }, "from 1 to 3,600,000 (an hour), not 3600001."],
    [{ tokenStore: new Keyv() }, "tokenStore hides its failures, which would sign visitors out"],
    [{ timeoutMs: () => 5000 }, "not a function."],
    [{ timeoutMs: Number.NaN }, "not NaN."],
    [
      { maxWaitMs: -1 },
      "maxWaitMs must be a whole number of milliseconds from 0 to 3,600,000 (an hour), not -1.",
    ],
    [{ invalidRequestLimit: true }, "invalidRequestLimit must be a whole number above 0, not true."],
    [{ proxy: "proxy.example:3128" }, "proxy must be an http or https URL, not a string of 18 characters."],
  ])("invalid options are refused: %o", (options, message) => {
    expect(mistakesIn(options)).toEqual([expect.stringContaining(message)]);
  });

  it("no error repeats a secret, not even one passed as an id", () => {
    const given = {
      clientId: SECRET,
      clientSecret: `${SECRET} with a space`,
      botToken: `${SECRET} with a space`,
      secret: [SECRET.slice(0, 20)],
      proxy: `socks://user:${SECRET}@proxy.example`,
    };

    expect(mistakesIn(given)).toHaveLength(5);
    expect(mistakesIn(given).join("\n")).not.toContain(SECRET.slice(0, 20));
  });

  it("an option takes precedence over a setting", () => {
    const settings = {
      DISCORD_CLIENT_ID: "2",
      DISCORD_CLIENT_SECRET: "set",
      DISCORD_REDIRECT_URI: "https://set.example/callback",
      DISCORD_BOT_TOKEN: "set-token",
      DISCORD_SCOPES: "identify  guilds",
      DISCORD_URL: "http://127.0.0.1:4000",
      DISCORD_ISSUER: "https://issuer.example",
      DISCORD_SECRET: RANDOM,
      DISCORD_PROXY: "http://proxy.example:3128",
      DISCORD_USERS_CACHE_MAX_LIMIT: "50",
    };

    expect(resolveConfig({}, (name) => settings[name as keyof typeof settings])).toMatchObject({
      clientId: "2",
      clientSecret: "set",
      redirectUri: "https://set.example/callback",
      botToken: "set-token",
      scopes: ["identify", "guilds"],
      discordUrl: "http://127.0.0.1:4000",
      issuer: "https://issuer.example",
      secrets: [RANDOM],
      proxy: "http://proxy.example:3128",
      cacheMax: 50,
    });
    expect(resolve({ scopes: ["email", "my.own"], cache: { max: 5 } }, settings)).toMatchObject({
      ...COMPLETE,
      scopes: ["email", "my.own"],
      cacheMax: 5,
    });
  });

  it("settings are checked like options", () => {
    expect(mistakesIn({}, { DISCORD_USERS_CACHE_MAX_LIMIT: "many", DISCORD_URL: "nowhere" })).toEqual([
      expect.stringContaining("discordUrl must be"),
      "cache.max must be a whole number above 0, not NaN.",
    ]);
    expect(mistakesIn({}, { DISCORD_USERS_CACHE_MAX_LIMIT: 0 })).toEqual([
      "cache.max must be a whole number above 0, not 0.",
    ]);
  });

  it("an empty environment variable counts as not set", () => {
    expect(
      resolve({}, { DISCORD_BOT_TOKEN: "", DISCORD_SCOPES: "", DISCORD_USERS_CACHE_MAX_LIMIT: "" }),
    ).toMatchObject({
      botToken: undefined,
      origins: [],
      basePath: "",
      scopes: ["identify"],
      cacheMax: 1000,
    });
  });

  it.each(["http://localhost:4000", "http://127.1.2.3", "http://[::1]:4000/", "https://discord.example/"])(
    "discordUrl %s is accepted for Discord, and its origin is the issuer",
    (discordUrl) => {
      const { origin } = new URL(discordUrl);
      expect(resolve({ discordUrl })).toMatchObject({ discordUrl: origin, issuer: origin });
    },
  );

  it("the option secret accepts one secret or several", () => {
    const [one, other] = [RANDOM, `${RANDOM}${RANDOM.toUpperCase()}`];
    expect(resolve({ secret: one }).secrets).toEqual([one]);
    expect(resolve({ secret: [other, one] }).secrets).toEqual([other, one]);
  });

  it.each([
    "s".repeat(32),
    "ab".repeat(20),
    "password".repeat(5),
    "secretsecretsecretsecretsecretsecret",
    "correct horse ".repeat(4),
    "12345678901234567890123456789012",
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "zyxwvutsrqponmlkjihgfedcba9876543210",
    "replace-this-with-a-long-random-secret",
    "change me before going to production!",
    "your_very_own_and_very_long_secret_key",
    "keyboard cat keyboard dog keyboard cow",
    "my-own-key.my-own-key.my-own-key.!!",
    "supersecret, and then some more words",
    "MySecretKey for the production server",
    "qwertyuiopasdfghjklzxcvbnm1234567890",
    "development secret of the dashboard",
  ])("a guessable secret is refused, even among others: %j", (secret) => {
    for (const given of [secret, [RANDOM, secret]])
      expect(mistakesIn({ secret: given })).toEqual([expect.stringMatching(/^secret can be guessed/)]);
    expect(mistakesIn({ secret }).join()).not.toContain(secret);
  });

  it("a random secret is accepted if half of its characters happen to follow each other", () => {
    const secret = "cbace009d349556568cdd6675554aaa1";
    expect(resolve({ secret }).secrets).toEqual([secret]);
  });

  it("every random secret is accepted", () => {
    const secrets = ["hex", "base64", "base64url"].flatMap((encoding) =>
      Array.from({ length: 2000 }, () => randomBytes(24).toString(encoding as BufferEncoding)),
    );
    expect(resolve({ secret: secrets }).secrets).toEqual(secrets);
  });

  it("the app's own cache, token store and lock are used as they are", () => {
    const own = {
      usersCache: new LRUCache<string, User>({ max: 5 }),
      tokenStore: new Map<string, string>(),
      lock: async (_key: string, task: () => Promise<void>) => task(),
    };
    const config = resolve(own);
    expect(config.usersCache).toBe(own.usersCache);
    expect(config.tokenStore).toBe(own.tokenStore);
    expect(config.lock).toBe(own.lock);
    expect(resolve({ maxWaitMs: 0 }).maxWaitMs).toBe(0);
  });

  it("two apps of one instance need the same configuration", () => {
    const requireSame = (one: object, other: object) => () => requireSameConfig(resolve(one), resolve(other));
    expect(requireSame({ scopes: ["a", "b"] }, { scopes: ["a", "b"] })).not.toThrow();
    expect(requireSame({ scopes: ["a", "b"] }, { scopes: ["b", "a"] })).toThrow(/different configuration/);
    expect(requireSame({}, { timeoutMs: 1 })).toThrow(/different configuration/);
    expect(requireSame({}, { lock: async () => undefined })).toThrow(/different configuration/);
  });

  it("a configuration is frozen", () => {
    expect(Object.isFrozen(resolve({}))).toBe(true);
  });
});
