import type { APIAvatarDecorationData, APICollectibles } from "discord-api-types/v10";
import { avatarDecorationUrl, type ImageOptions, isAnimatedHash, type PngOptions } from "../cdn.js";
import {
  type AvatarDecoration,
  avatarDecorationOf,
  type Collectibles,
  collectiblesOf,
} from "./collectibles.js";
import { Model, stringOf } from "./model.js";

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
    return avatarDecorationOf(this.payload.avatar_decoration_data);
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
    return collectiblesOf(this.payload.collectibles);
  }
}
