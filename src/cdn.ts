import { optionsChecker } from "./check-options.js";
import { BOOLEAN, oneOf } from "./option-kinds.js";
import { isSnowflake } from "./snowflake.js";

/** Where Discord serves images. */
export const CDN_URL = "https://cdn.discordapp.com";

/** Every size an image can be asked for, in pixels. */
export const IMAGE_SIZES = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096] as const;

/** Every format an image can be asked for. */
export const IMAGE_FORMATS = ["png", "jpeg", "jpg", "webp", "gif"] as const;

/** The width and height of an image in pixels: a power of two from 16 to 4096. */
export type ImageSize = (typeof IMAGE_SIZES)[number];

/** A format of images, as it ends the URL. */
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** How an image that may be animated is wanted. */
export interface ImageOptions {
  /** In pixels. Without it Discord decides. */
  readonly size?: ImageSize | undefined;
  /**
   * Without it: a GIF where the image is animated, else a PNG. `"gif"` for an image that is not animated gives the PNG,
   * since Discord has no GIF of it.
   */
  readonly format?: ImageFormat | undefined;
  /**
   * `false`: never a moving image. `true`: a moving one, where there is one, also as WebP, which Discord recommends over
   * GIF; with no `format` it is WebP. PNG and JPEG never move.
   */
  readonly animated?: boolean | undefined;
}

/** How an image that is never animated is wanted. */
export interface StillImageOptions {
  /** In pixels. Without it Discord decides. */
  readonly size?: ImageSize | undefined;
  /** Without it a PNG. */
  readonly format?: Exclude<ImageFormat, "gif"> | undefined;
}

/** How an image that exists as PNG only is wanted. */
export interface PngOptions {
  /** In pixels. Without it Discord decides. */
  readonly size?: ImageSize | undefined;
}

const imageOptions = optionsChecker<ImageOptions>({
  of: "An image",
  example: '{ size: 64, format: "webp" }',
  kinds: { size: oneOf(...IMAGE_SIZES), format: oneOf(...IMAGE_FORMATS), animated: BOOLEAN },
});

type Maybe = string | null | undefined;

// Hexadecimal, perhaps with a prefix such as `a_`. Anything else could leave its place in the path.
const HASH = /^[\w-]{1,128}$/;

/** Whether the image with this hash moves. */
export function isAnimatedHash(hash: Maybe): boolean {
  return typeof hash === "string" && hash.startsWith("a_");
}

/**
 * A user's avatar.
 *
 * @returns the URL; `undefined` without a hash, and for one that is none
 * @throws TypeError for a size, format or `animated` that does not exist
 * @see https://docs.discord.com/developers/reference#image-formatting
 */
export function userAvatarUrl(userId: Maybe, hash: Maybe, options?: ImageOptions): string | undefined {
  return imageUrl(["avatars", segment(userId)], hash, options);
}

/**
 * A user's banner. Returns and throws as {@link userAvatarUrl}.
 */
export function userBannerUrl(userId: Maybe, hash: Maybe, options?: ImageOptions): string | undefined {
  return imageUrl(["banners", segment(userId)], hash, options);
}

/**
 * A guild's icon. Returns and throws as {@link userAvatarUrl}.
 */
export function guildIconUrl(guildId: Maybe, hash: Maybe, options?: ImageOptions): string | undefined {
  return imageUrl(["icons", segment(guildId)], hash, options);
}

/**
 * A guild's banner. Returns and throws as {@link userAvatarUrl}.
 */
export function guildBannerUrl(guildId: Maybe, hash: Maybe, options?: ImageOptions): string | undefined {
  return imageUrl(["banners", segment(guildId)], hash, options);
}

/**
 * The avatar a member has in one guild alone. Returns and throws as {@link userAvatarUrl}.
 */
export function memberAvatarUrl(
  guildId: Maybe,
  userId: Maybe,
  hash: Maybe,
  options?: ImageOptions,
): string | undefined {
  return imageUrl(["guilds", segment(guildId), "users", segment(userId), "avatars"], hash, options);
}

/**
 * The banner a member has in one guild alone. Returns and throws as {@link userAvatarUrl}.
 */
export function memberBannerUrl(
  guildId: Maybe,
  userId: Maybe,
  hash: Maybe,
  options?: ImageOptions,
): string | undefined {
  return imageUrl(["guilds", segment(guildId), "users", segment(userId), "banners"], hash, options);
}

/**
 * The frame around an avatar: always a PNG, which moves by itself where it is animated (APNG). Returns and throws as
 * {@link userAvatarUrl}.
 */
export function avatarDecorationUrl(asset: Maybe, options?: PngOptions): string | undefined {
  return imageUrl(["avatar-decoration-presets"], asset, { ...imageOptions(options), format: "png" });
}

/**
 * The badge beside a guild's tag. Returns and throws as {@link userAvatarUrl}.
 */
export function guildTagBadgeUrl(
  guildId: Maybe,
  badge: Maybe,
  options?: StillImageOptions,
): string | undefined {
  return imageUrl(["guild-tag-badges", segment(guildId)], badge, {
    ...imageOptions(options),
    animated: false,
  });
}

/**
 * What Discord shows for a user without an avatar: one of six PNGs by the id, or, while the user has a discriminator of
 * four digits (bots have one), one of five by that. Discord serves it in one size.
 *
 * @param userId - a snowflake
 * @see https://docs.discord.com/developers/reference#image-formatting-cdn-endpoints
 */
export function defaultAvatarUrl(userId: string, discriminator: Maybe): string {
  const index = isLegacyDiscriminator(discriminator)
    ? Number(discriminator) % 5
    : Number((BigInt(userId) >> 22n) % 6n);
  return `${CDN_URL}/embed/avatars/${index}.png`;
}

/** Whether this comes from the former kind of user names (`name#1234`). Users with a name of today have `"0"`. */
export function isLegacyDiscriminator(discriminator: Maybe): discriminator is string {
  return typeof discriminator === "string" && /^\d{4}$/.test(discriminator);
}

function segment(id: Maybe): string | undefined {
  return isSnowflake(id) ? id : undefined;
}

function imageUrl(
  folder: readonly (string | undefined)[],
  hash: Maybe,
  options: ImageOptions | undefined,
): string | undefined {
  // Checked before anything else: a mistake must not show up only for users who have the image.
  const { size } = imageOptions(options);
  if (typeof hash !== "string" || !HASH.test(hash) || folder.includes(undefined)) return undefined;
  const { extension, moving } = resolveFormat(isAnimatedHash(hash), options ?? {});
  const query = [moving && "animated=true", size !== undefined && `size=${size}`].filter(Boolean);
  return `${CDN_URL}/${folder.join("/")}/${hash}.${extension}${query.length > 0 ? `?${query.join("&")}` : ""}`;
}

function resolveFormat(
  animatedImage: boolean,
  { format, animated }: ImageOptions,
): { extension: ImageFormat; moving?: boolean } {
  const moves = animatedImage && animated !== false;
  if (moves && animated && (format === undefined || format === "webp")) {
    return { extension: "webp", moving: true };
  }
  if (format === undefined || format === "gif") return { extension: moves ? "gif" : "png" };
  return { extension: format };
}
