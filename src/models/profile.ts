import type { APIAvatarDecorationData, APICollectibles } from "discord-api-types/v10";
import { avatarDecorationUrl, type ImageOptions, isAnimatedHash, type PngOptions } from "../cdn.js";
import { isRecord } from "../check-options.js";
import { Model, stringOf } from "./model.js";

/** An avatar decoration: the frame around an avatar. */
export interface AvatarDecoration {
  /** The hash of the image. */
  readonly asset: string;
  /** The id of the shop item. */
  readonly skuId: string | undefined;
}

/** A nameplate: the background of a user's name in member lists. */
export interface Nameplate {
  /** The path of the asset, such as `nameplates/nameplates/twilight/`. */
  readonly asset: string;
  /** The id of the shop item. */
  readonly skuId: string | undefined;
  /** The description for screen readers. */
  readonly label: string | undefined;
  /** The background colour, such as `crimson`. Discord may add values. */
  readonly palette: string | undefined;
}

/**
 * The collectibles of a user, besides the avatar decoration.
 *
 * @see https://docs.discord.com/developers/resources/user#collectibles
 */
export interface Collectibles {
  readonly nameplate: Nameplate | undefined;
}

/** The fields that users and members have in common. */
interface ProfilePayload {
  avatar?: string | null;
  banner?: string | null | undefined;
  avatar_decoration_data?: APIAvatarDecorationData | null | undefined;
  collectibles?: APICollectibles | null | undefined;
}

/** What a user, or a member in one guild, looks like. */
export abstract class Profile<Payload extends ProfilePayload> extends Model<Payload> {
  /** The hash of the avatar. */
  get avatarHash(): string | undefined {
    return stringOf(this.payload.avatar);
  }

  /** The URL of the avatar: a GIF if it is animated, else a PNG; `undefined` if there is none. */
  get avatarUrl(): string | undefined {
    return this.avatarUrlWith();
  }

  get isAvatarAnimated(): boolean {
    return isAnimatedHash(this.avatarHash);
  }

  /**
   * Returns the URL of the avatar in another size or format; `undefined` if there is none.
   *
   * @throws TypeError for a size or format that does not exist
   */
  abstract avatarUrlWith(options?: ImageOptions): string | undefined;

  /** The hash of the banner. */
  get bannerHash(): string | undefined {
    return stringOf(this.payload.banner);
  }

  /** The URL of the banner: a GIF if it is animated, else a PNG; `undefined` if there is none. */
  get bannerUrl(): string | undefined {
    return this.bannerUrlWith();
  }

  /**
   * Returns the URL of the banner in another size or format; `undefined` if there is none.
   *
   * @throws TypeError for a size or format that does not exist
   */
  abstract bannerUrlWith(options?: ImageOptions): string | undefined;

  /** The avatar decoration. */
  get avatarDecoration(): AvatarDecoration | undefined {
    const { avatar_decoration_data: decoration } = this.payload;
    if (!isRecord(decoration) || typeof decoration.asset !== "string") return undefined;
    return { asset: decoration.asset, skuId: stringOf(decoration.sku_id) };
  }

  /** The URL of the avatar decoration, a PNG. */
  get avatarDecorationUrl(): string | undefined {
    return this.avatarDecorationUrlWith();
  }

  /**
   * Returns the URL of the avatar decoration in another size.
   *
   * @throws TypeError for a size that does not exist
   */
  avatarDecorationUrlWith(options?: PngOptions): string | undefined {
    return avatarDecorationUrl(this.avatarDecoration?.asset, options);
  }

  /** The other collectibles, such as a nameplate. */
  get collectibles(): Collectibles | undefined {
    const { collectibles } = this.payload;
    return isRecord(collectibles) ? { nameplate: nameplateOf(collectibles["nameplate"]) } : undefined;
  }
}

function nameplateOf(value: unknown): Nameplate | undefined {
  if (!isRecord(value)) return undefined;
  const { asset, sku_id, label, palette } = value;
  if (typeof asset !== "string") return undefined;
  return { asset, skuId: stringOf(sku_id), label: stringOf(label), palette: stringOf(palette) };
}
