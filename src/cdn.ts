import { optionsChecker } from "./check-options.js";
import { BOOLEAN, oneOf } from "./option-kinds.js";
import { isSnowflake } from "./snowflake.js";

/** The origin of Discord's images. */
export const CDN_URL = "https://cdn.discordapp.com";

/** Every image size that Discord serves, in pixels. */
export const IMAGE_SIZES = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096] as const;

/** Every image format that Discord serves. */
export const IMAGE_FORMATS = ["png", "jpeg", "jpg", "webp", "gif"] as const;

/** The width and height of an image in pixels: a power of two from 16 to 4096. */
export type ImageSize = (typeof IMAGE_SIZES)[number];

/** An image format, which is also the URL's extension. */
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** Options for the URL of an image that exists only as PNG. */
export interface PngOptions {
  /** In pixels. Default: Discord's choice. */
  readonly size?: ImageSize | undefined;
}

/** Options for the URL of an image that may be animated. */
export interface ImageOptions extends PngOptions {
  /**
   * Default: a GIF if the image is animated, else a PNG. `"gif"` for an image that is not animated returns the URL
   * of the PNG, because Discord has no GIF of it.
   */
  readonly format?: ImageFormat | undefined;
  /**
   * `false`: a still image. `true`: an animated image if there is one, as WebP (which Discord recommends over GIF)
   * unless `format` is `"gif"`. PNG and JPEG are never animated.
   */
  readonly animated?: boolean | undefined;
}

const imageOptions = optionsChecker<ImageOptions>({
  of: "An image",
  example: '{ size: 64, format: "webp" }',
  kinds: { size: oneOf(...IMAGE_SIZES), format: oneOf(...IMAGE_FORMATS), animated: BOOLEAN },
});

type Maybe = string | null | undefined;

// Hexadecimal, perhaps with a prefix such as `a_`. Other characters could change the path.
const HASH = /^[\w-]{1,128}$/;

/** Whether the image with this hash is animated. */
export function isAnimatedHash(hash: Maybe): boolean {
  return typeof hash === "string" && hash.startsWith("a_");
}

/**
 * Returns the URL of an image.
 *
 * @param folder its path, with `:id` for each of `ids`
 * @returns the URL; `undefined` if an id or the hash is missing or invalid
 * @throws TypeError for an invalid option
 * @see https://docs.discord.com/developers/reference#image-formatting
 */
export function imageUrl(
  folder: string,
  ids: readonly Maybe[],
  hash: Maybe,
  options?: ImageOptions,
): string | undefined {
  // Checked first, so that mistakes show up even for users without the image.
  const { size, format, animated } = imageOptions(options);
  if (typeof hash !== "string" || !HASH.test(hash) || !ids.every(isSnowflake)) return undefined;
  const moves = isAnimatedHash(hash) && animated !== false;
  const isWebp = moves && animated && (format ?? "webp") === "webp";
  // There is no GIF of an image that does not move.
  const chosen = format === "gif" ? undefined : format;
  const extension = isWebp ? "webp" : (chosen ?? (moves ? "gif" : "png"));
  const query = [isWebp && "animated=true", size !== undefined && `size=${size}`].filter(Boolean);
  const path = ids.reduce((left, id) => left.replace(":id", id), folder);
  return `${CDN_URL}/${path}/${hash}.${extension}${query.length > 0 ? `?${query.join("&")}` : ""}`;
}

/**
 * Returns the URL of an avatar decoration, the frame around an avatar. It is always a PNG, perhaps an animated one
 * (APNG). Returns and throws like {@link imageUrl}.
 */
export function avatarDecorationUrl(asset: Maybe, options?: PngOptions): string | undefined {
  return imageUrl("avatar-decoration-presets", [], asset, { ...imageOptions(options), format: "png" });
}

/**
 * Returns the URL of the default avatar, which Discord shows for users without an avatar. It is one of six PNGs,
 * chosen by the id; or one of five, chosen by the discriminator, for users who have one (such as bots). Discord
 * serves it in one size.
 *
 * @param userId a snowflake
 * @see https://docs.discord.com/developers/reference#image-formatting-cdn-endpoints
 */
export function defaultAvatarUrl(userId: string, discriminator: Maybe): string {
  const index = isLegacyDiscriminator(discriminator)
    ? Number(discriminator) % 5
    : Number((BigInt(userId) >> 22n) % 6n);
  return `${CDN_URL}/embed/avatars/${index}.png`;
}

/** Whether a discriminator belongs to an old user name (`name#1234`). Users with a new name have `"0"`. */
export function isLegacyDiscriminator(discriminator: Maybe): discriminator is string {
  return typeof discriminator === "string" && /^\d{4}$/.test(discriminator);
}
