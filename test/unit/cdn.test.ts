import { CDNRoutes, ImageFormat, RouteBases } from "discord-api-types/v10";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  avatarDecorationUrl,
  CDN_URL,
  defaultAvatarUrl,
  IMAGE_SIZES,
  type ImageOptions,
  imageUrl,
  isAnimatedHash,
  isLegacyDiscriminator,
} from "../../src/cdn.js";
import { Guild, GuildMember, User } from "../../src/index.js";
import { CASES } from "../support/cases.js";

const USER = "80351110224678912";
const GUILD = "197038439483310086";
const STILL = "0123456789abcdef0123456789abcdef";
const MOVING = `a_${STILL}`;

const member = (payload: object) => GuildMember.from({ user: { id: USER }, ...payload }, GUILD);

const assets = [
  [
    "User.avatarUrlWith",
    CDNRoutes.userAvatar(USER, "HASH", ImageFormat.PNG),
    (avatar: unknown, options?: ImageOptions) => User.from({ id: USER, avatar }).avatarUrlWith(options),
  ],
  [
    "User.bannerUrlWith",
    CDNRoutes.userBanner(USER, "HASH", ImageFormat.PNG),
    (banner: unknown, options?: ImageOptions) => User.from({ id: USER, banner }).bannerUrlWith(options),
  ],
  [
    "Guild.iconUrlWith",
    CDNRoutes.guildIcon(GUILD, "HASH", ImageFormat.PNG),
    (icon: unknown, options?: ImageOptions) => Guild.from({ id: GUILD, icon }).iconUrlWith(options),
  ],
  [
    "Guild.bannerUrlWith",
    CDNRoutes.guildBanner(GUILD, "HASH", ImageFormat.PNG),
    (banner: unknown, options?: ImageOptions) => Guild.from({ id: GUILD, banner }).bannerUrlWith(options),
  ],
  [
    "GuildMember.avatarUrlWith",
    CDNRoutes.guildMemberAvatar(GUILD, USER, "HASH", ImageFormat.PNG),
    (avatar: unknown, options?: ImageOptions) => member({ avatar }).avatarUrlWith(options),
  ],
  [
    "GuildMember.bannerUrlWith",
    CDNRoutes.guildMemberBanner(GUILD, USER, "HASH", ImageFormat.PNG),
    (banner: unknown, options?: ImageOptions) => member({ banner }).bannerUrlWith(options),
  ],
] as const;

describe.each(assets)("%s", (name, path, url) => {
  const base = `${RouteBases.cdn}${path.replace("HASH.png", "")}`;

  it.each<[hash: string, options: ImageOptions | undefined, file: string]>([
    [STILL, undefined, `${STILL}.png`],
    [MOVING, undefined, `${MOVING}.gif`],
    [STILL, {}, `${STILL}.png`],
    [STILL, { size: undefined, format: undefined, animated: undefined }, `${STILL}.png`],
    [STILL, { size: 16 }, `${STILL}.png?size=16`],
    [MOVING, { size: 4096 }, `${MOVING}.gif?size=4096`],
    [STILL, { format: "png" }, `${STILL}.png`],
    [MOVING, { format: "png" }, `${MOVING}.png`],
    [MOVING, { format: "jpg" }, `${MOVING}.jpg`],
    [STILL, { format: "jpeg", size: 64 }, `${STILL}.jpeg?size=64`],
    [STILL, { format: "webp" }, `${STILL}.webp`],
    [MOVING, { format: "webp" }, `${MOVING}.webp`],
    [MOVING, { format: "gif" }, `${MOVING}.gif`],
    [STILL, { format: "gif" }, `${STILL}.png`],
    [MOVING, { animated: true }, `${MOVING}.webp?animated=true`],
    [STILL, { animated: true }, `${STILL}.png`],
    [MOVING, { animated: true, format: "webp", size: 128 }, `${MOVING}.webp?animated=true&size=128`],
    [STILL, { animated: true, format: "webp" }, `${STILL}.webp`],
    [MOVING, { animated: true, format: "gif" }, `${MOVING}.gif`],
    [MOVING, { animated: true, format: "png" }, `${MOVING}.png`],
    [MOVING, { animated: false }, `${MOVING}.png`],
    [MOVING, { animated: false, format: "gif" }, `${MOVING}.png`],
    [MOVING, { animated: false, format: "webp" }, `${MOVING}.webp`],
  ])(`${name} of %s with %o is %s`, (hash, options, file) => {
    expect(url(hash, options)).toBe(base + file);
  });

  it.each([
    null,
    undefined,
    "",
    5,
    {},
    "..",
    "a/b",
    "a\\b",
    "a?b",
    "a#b",
    "a%2e",
    "a b",
    "ä",
    "\ud800",
    `${STILL}\n`,
    "a".repeat(129),
  ])(`${name} is undefined for the hash %o`, (hash) => {
    expect(url(hash)).toBeUndefined();
  });

  it.each([STILL, null])(`${name} refuses unknown options, whether or not there is an image (%s)`, (hash) => {
    for (const size of [0, 15, 17, 20, 8192, -16, 16.5, Number.NaN, "64", null, {}]) {
      expect(() => url(hash, { size } as ImageOptions)).toThrow(TypeError);
    }
    for (const format of ["", "PNG", "svg", ".png", "png/../x", 5, null]) {
      expect(() => url(hash, { format } as ImageOptions)).toThrow(TypeError);
    }
    for (const animated of [1, "true", null]) {
      expect(() => url(hash, { animated } as unknown as ImageOptions)).toThrow(TypeError);
    }
  });
});

it("an error about an image option names the bad value and the valid ones", () => {
  expect(() => imageUrl("avatars/:id", [USER], STILL, { size: 100 } as unknown as ImageOptions)).toThrow(
    "size must be one of 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, not 100.",
  );
  expect(() => imageUrl("avatars/:id", [USER], STILL, { format: "svg" } as unknown as ImageOptions)).toThrow(
    'format must be one of png, jpeg, jpg, webp, gif, not "svg".',
  );
  expect(() =>
    imageUrl("avatars/:id", [USER], STILL, { animated: Symbol() } as unknown as ImageOptions),
  ).toThrow("animated must be true or false, not a symbol.");
});

it("every power of two from 16 to 4096 is an image size", () => {
  expect(IMAGE_SIZES).toEqual(Array.from({ length: 9 }, (_, index) => 2 ** (index + 4)));
  for (const size of IMAGE_SIZES)
    expect(imageUrl("avatars/:id", [USER], STILL, { size })).toMatch(`?size=${size}`);
});

it("no URL is made for an id that is not a snowflake", () => {
  for (const id of [null, undefined, "", "..", "1/2", "1e3", "-1", "9".repeat(20)]) {
    expect(imageUrl("avatars/:id", [id], STILL)).toBeUndefined();
    expect(imageUrl("guilds/:id/users/:id/avatars", [id, USER], STILL)).toBeUndefined();
    expect(imageUrl("guilds/:id/users/:id/avatars", [GUILD, id], STILL)).toBeUndefined();
  }
});

describe("avatarDecorationUrl", () => {
  it("an avatar decoration is always a PNG, animated or not", () => {
    expect(avatarDecorationUrl(STILL)).toBe(RouteBases.cdn + CDNRoutes.avatarDecoration(STILL));
    expect(avatarDecorationUrl(MOVING, { size: 256 })).toBe(
      `${RouteBases.cdn}${CDNRoutes.avatarDecoration(MOVING)}?size=256`,
    );
    expect(avatarDecorationUrl(MOVING, { format: "gif", animated: true } as ImageOptions)).toMatch(/\.png$/);
  });

  it("no avatar decoration URL is made without an asset, and an unknown size is refused", () => {
    expect(avatarDecorationUrl(undefined)).toBeUndefined();
    expect(avatarDecorationUrl("../x")).toBeUndefined();
    expect(() => avatarDecorationUrl(STILL, { size: 5 } as unknown as ImageOptions)).toThrow(TypeError);
  });
});

it("a guild tag badge is never animated", () => {
  for (const badge of [STILL, MOVING]) {
    const { primaryGuild } = User.from({ id: USER, primary_guild: { identity_guild_id: GUILD, badge } });
    expect(primaryGuild?.badgeUrl).toBe(
      RouteBases.cdn + CDNRoutes.guildTagBadge(GUILD, badge, ImageFormat.PNG),
    );
  }
});

describe("defaultAvatarUrl", () => {
  it.each<[id: string, discriminator: string | null | undefined, index: number]>([
    // New names: by the id, with more than 32 bits.
    ["80351110224678912", "0", 5],
    ["80351110224678912", null, 5],
    ["80351110224678912", undefined, 5],
    ["80351110224678912", "12345", 5],
    ["80351110224678912", "12a4", 5],
    ["0", "0", 0],
    ["4194304", "0", 1],
    ["25165824", "0", 0],
    ["1100000000000000002", "0", 1],
    ["18446744073709551615", "0", 3],
    // Legacy names and bots: by the discriminator.
    ["80351110224678912", "0001", 1],
    ["80351110224678912", "1337", 2],
    ["80351110224678912", "9999", 4],
    ["80351110224678912", "0005", 0],
  ])("the default avatar of %s#%s is number %d", (id, discriminator, index) => {
    expect(defaultAvatarUrl(id, discriminator)).toBe(`${CDN_URL}/embed/avatars/${index}.png`);
  });

  it("default avatars have the URL that Discord documents", () => {
    expect(CDN_URL).toBe(RouteBases.cdn);
    expect(defaultAvatarUrl("0", "0")).toBe(RouteBases.cdn + CDNRoutes.defaultUserAvatar(0));
  });
});

it("animated hashes and legacy discriminators are recognised", () => {
  expect([MOVING, STILL, "A_x", "", null, undefined].map(isAnimatedHash)).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(["1234", "0", "0000", "123", null, undefined].map(isLegacyDiscriminator)).toEqual([
    true,
    false,
    true,
    false,
    false,
    false,
  ]);
});

it("no hash or id can change the path of an image URL", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary" }), fc.webPath(), fc.stringMatching(/^[\w./?#%&\\-]+$/)),
      fc.oneof(fc.constant(USER), fc.string(), fc.webPath()),
      (hash, id) => {
        const folder = "guilds/:id/users/:id/avatars";
        const url = imageUrl(folder, [GUILD, id], hash, { animated: true, size: 16 });
        if (url === undefined) return;
        const { origin, pathname, hash: fragment } = new URL(url);
        expect(origin).toBe(CDN_URL);
        expect(fragment).toBe("");
        expect(pathname).toMatch(/^\/guilds\/\d+\/users\/\d+\/avatars\/[\w-]+\.(png|webp)$/);
        expect(pathname).toContain(`/users/${id}/avatars/${hash}.`);
      },
    ),
    CASES,
  );
});
