import { UserFlags } from "discord-api-types/v10";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Guild } from "../../../src/models/guild.js";
import { Bot, User } from "../../../src/models/user.js";
import { CASES } from "../../support/cases.js";

const HASH = "0123456789abcdef0123456789abcdef";
const payload = {
  id: "1100000000000000002",
  username: "mira.k",
  discriminator: "0",
  global_name: "Mira",
  avatar: `a_${HASH}`,
  banner: HASH,
  accent_color: 0xff8800,
  mfa_enabled: true,
  locale: "en-US",
  flags: 64,
  public_flags: 128,
  premium_type: 2,
  avatar_decoration_data: { asset: `a_${HASH}`, sku_id: "1" },
  collectibles: null,
  primary_guild: {
    identity_guild_id: "1100000000000000001",
    identity_enabled: true,
    tag: "TAG",
    badge: HASH,
  },
  verified: true,
  email: "mira@example.org",
  not_documented: { deep: [1, { deeper: null }] },
};
const CDN = "https://cdn.discordapp.com";

describe("users", () => {
  const user = User.from(payload);

  it("a user reads every field", () => {
    expect(user).toMatchObject({
      id: "1100000000000000002",
      username: "mira.k",
      name: "mira.k",
      discriminator: "0",
      globalName: "Mira",
      displayName: "Mira",
      tag: "mira.k",
      avatarHash: `a_${HASH}`,
      avatarUrl: `${CDN}/avatars/1100000000000000002/a_${HASH}.gif`,
      isAvatarAnimated: true,
      defaultAvatarUrl: `${CDN}/embed/avatars/1.png`,
      bannerHash: HASH,
      bannerUrl: `${CDN}/banners/1100000000000000002/${HASH}.png`,
      accentColor: 0xff8800,
      avatarDecorationUrl: `${CDN}/avatar-decoration-presets/a_${HASH}.png`,
      bot: false,
      system: false,
      mfaEnabled: true,
      locale: "en-US",
      verified: true,
      email: "mira@example.org",
      flags: 64,
      publicFlags: 128,
      premiumType: 2,
      createdAt: new Date("2023-04-24T10:07:17.011Z"),
    });
    expect(user.primaryGuild).toEqual({
      guildId: "1100000000000000001",
      enabled: true,
      tag: "TAG",
      badge: HASH,
      badgeUrl: `${CDN}/guild-tag-badges/1100000000000000001/${HASH}.png`,
    });
  });

  it("a user's image URLs accept options", () => {
    expect(user.avatarUrlWith({ size: 64, format: "webp" })).toBe(
      `${CDN}/avatars/1100000000000000002/a_${HASH}.webp?size=64`,
    );
    expect(user.bannerUrlWith({ size: 512 })).toBe(`${CDN}/banners/1100000000000000002/${HASH}.png?size=512`);
    expect(user.avatarDecorationUrlWith({ size: 128 })).toBe(
      `${CDN}/avatar-decoration-presets/a_${HASH}.png?size=128`,
    );
    expect(() => user.avatarUrlWith({ size: 65 as 64 })).toThrow(TypeError);
    expect(() => User.from({ id: "1" }).bannerUrlWith({ format: "bmp" as "png" })).toThrow(TypeError);
    expect(() => User.from({ id: "1" }).avatarDecorationUrlWith({ size: 65 as 64 })).toThrow(TypeError);
  });

  it("a user has defaults for fields that Discord omits", () => {
    const bare = User.from({ id: "80351110224678912" });
    expect(bare).toMatchObject({
      username: "",
      discriminator: "0",
      displayName: "",
      tag: "",
      isAvatarAnimated: false,
      defaultAvatarUrl: `${CDN}/embed/avatars/5.png`,
      bot: false,
      system: false,
    });
    for (const name of [
      "globalName",
      "avatarHash",
      "avatarUrl",
      "bannerHash",
      "bannerUrl",
      "accentColor",
      "avatarDecorationUrl",
      "primaryGuild",
      "mfaEnabled",
      "locale",
      "verified",
      "email",
      "flags",
      "publicFlags",
      "premiumType",
    ] as const) {
      expect(bare[name], name).toBeUndefined();
    }
  });

  it.each<[fields: object, tag: string, displayName: string, defaultAvatar: number]>([
    [{ discriminator: "0", global_name: null }, "mira", "mira", 5],
    [{ discriminator: "0", global_name: "Mira" }, "mira", "Mira", 5],
    [{ discriminator: "1337", global_name: null }, "mira#1337", "mira", 2],
    [{ discriminator: "1337", global_name: "Mira" }, "mira#1337", "Mira", 2],
    [{ discriminator: null, global_name: 5 }, "mira", "mira", 5],
  ])("the user with %o is %s and shown as %s", (fields, tag, displayName, defaultAvatar) => {
    const user = User.from({ id: "80351110224678912", username: "mira", ...fields });
    expect(user.tag).toBe(tag);
    expect(`${user}`).toBe(tag);
    expect(user.displayName).toBe(displayName);
    expect(user.defaultAvatarUrl).toBe(`${CDN}/embed/avatars/${defaultAvatar}.png`);
  });

  it("a user without the avatar field has no avatar, not a broken one", () => {
    const { avatar, ...rest } = payload;
    expect(avatar).toBeDefined();
    expect(User.from(rest).avatarUrl).toBeUndefined();
    expect(User.from({ ...rest, avatar: "../../x" }).avatarUrl).toBeUndefined();
  });

  it("a user wears a guild's tag in every state that Discord documents", () => {
    const wearing = (primary_guild: unknown) => User.from({ id: "1", primary_guild }).primaryGuild;
    expect(wearing(null)).toBeUndefined();
    expect(wearing("TAG")).toBeUndefined();
    expect(wearing([])).toBeUndefined();
    expect(wearing({ identity_guild_id: null, identity_enabled: null, tag: null, badge: null })).toEqual({
      guildId: undefined,
      enabled: undefined,
      tag: undefined,
      badge: undefined,
      badgeUrl: undefined,
    });
    expect(wearing({ identity_guild_id: "1", identity_enabled: false, tag: "A", badge: "../x" })).toEqual({
      guildId: "1",
      enabled: false,
      tag: "A",
      badge: "../x",
      badgeUrl: undefined,
    });
  });

  it("a user may be a bot, or speak for Discord", () => {
    expect(User.from({ id: "1", bot: true }).bot).toBe(true);
    expect(User.from({ id: "1", system: true }).system).toBe(true);
    expect(User.from({ id: "1", bot: "true", system: 1 })).toMatchObject({ bot: false, system: false });
  });

  it.each([
    [null, "A user must be an object as Discord sends it, with its id as a string, not null."],
    [undefined, "not undefined."],
    ["1100000000000000002", "not a string of 19 characters."],
    [[{ id: "1" }], "not a list of 1."],
    [{}, "not an object without one."],
    [{ id: 1100000000000000 }, "not an object without one."],
    [{ id: "mira" }, "not an object without one."],
    [{ id: "" }, "not an object without one."],
    [{ id: "-1" }, "not an object without one."],
    [{ message: "401: Unauthorized", code: 0 }, "not an object without one."],
    [user, "not an object without one."],
  ])("no user can be made from $0", (payload, message) => {
    expect(() => User.from(payload)).toThrow(TypeError);
    expect(() => User.from(payload)).toThrow(message);
    expect(() => new User(payload as never)).toThrow(TypeError);
  });

  it("a user equals only the same user of the same class", () => {
    expect(user.equals(user)).toBe(true);
    expect(user.equals(User.from({ id: user.id, username: "renamed" }))).toBe(true);
    expect(user.equals(User.from({ ...payload, id: "2" }))).toBe(false);
    expect(user.equals(Bot.from(payload))).toBe(false);
    expect(Bot.from(payload).equals(user)).toBe(false);
    expect(Bot.from(payload).equals(Bot.from(payload))).toBe(true);
    expect(user.equals(Guild.from({ id: user.id }))).toBe(false);
    for (const other of [null, undefined, user.id, payload, {}]) expect(user.equals(other)).toBe(false);
  });
});

it("a Bot is a User, and is created like one", () => {
  const bot = Bot.from({ ...payload, bot: true });
  expect(bot).toBeInstanceOf(Bot);
  expect(bot).toBeInstanceOf(User);
  expect(bot.bot).toBe(true);
  expect(() => Bot.from({})).toThrow(TypeError);
});

it("a subclass makes its own kind", () => {
  class Customer extends User {
    get greeting(): string {
      return `Hello ${this.displayName}`;
    }
  }
  expect(Customer.from(payload).greeting).toBe("Hello Mira");
});

it("no payload of a user makes an accessor throw", { timeout: 60_000 }, () => {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.record({
      asset: fc.jsonValue({ maxDepth: 1 }),
      identity_guild_id: fc.jsonValue({ maxDepth: 1 }),
      badge: fc.jsonValue({ maxDepth: 1 }),
    }),
  );
  const fields = Object.fromEntries(Object.keys(payload).map((key) => [key, value]));
  const accessors = [User.prototype, Object.getPrototypeOf(User.prototype) as object]
    .flatMap((part) => Object.entries(Object.getOwnPropertyDescriptors(part)))
    .filter(([, { get }]) => get)
    .map(([name]) => name as keyof User);
  expect(accessors.length).toBeGreaterThan(25);
  fc.assert(
    fc.property(
      fc.record({ ...fields, id: fc.bigInt(0n, 2n ** 64n - 1n).map(String) }, { requiredKeys: ["id"] }),
      (payload) => {
        const user = User.from(payload);
        for (const name of accessors) void user[name];
        expect(typeof `${user}${user.displayName}${user.defaultAvatarUrl}`).toBe("string");
        expect(typeof user.avatarUrlWith({ size: 16, animated: true })).toMatch(/string|undefined/);
        expect(JSON.stringify(user)).toBe(JSON.stringify(payload));
      },
    ),
    CASES,
  );
});

/** Bits that Discord does not document. */
const UNDOCUMENTED = [
  "MFASMS",
  "PremiumPromoDismissed",
  "HasUnreadUrgentMessages",
  "Spammer",
  "DisablePremium",
  "Quarantined",
  "Collaborator",
  "RestrictedCollaborator",
];

const flagsOf = (public_flags: unknown): string[] => User.from({ id: "1", public_flags }).publicFlagNames;

it("publicFlagNames has a name for every documented flag of discord-api-types by its own value", () => {
  const documented = Object.entries(UserFlags).filter(
    ([name, value]) => typeof value === "number" && !UNDOCUMENTED.includes(name),
  );
  const plain = (name: string) => name.replaceAll("_", "").toLowerCase();

  expect(documented.length).toBe(15);
  for (const [name, value] of documented) expect(flagsOf(value).map(plain)).toEqual([plain(name)]);
});

it("publicFlagNames omits bits that have no name, however high", () => {
  expect(flagsOf(2 ** 50 + 2 ** 44 + 2 ** 20 + 1)).toEqual(["STAFF"]);
});

it("publicFlagNames has the name of each public flag, and is empty without flags", () => {
  expect(flagsOf(4_194_368)).toEqual(["HYPESQUAD_ONLINE_HOUSE_1", "ACTIVE_DEVELOPER"]);
  expect([flagsOf(0), flagsOf(undefined), flagsOf("64")]).toEqual([[], [], []]);
});
