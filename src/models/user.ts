import type { APIUser } from "discord-api-types/v10";
import {
  avatarDecorationUrl,
  defaultAvatarUrl,
  type ImageOptions,
  imageUrl,
  isAnimatedHash,
  isLegacyDiscriminator,
  type PngOptions,
} from "../cdn.js";
import { isRecord } from "../check-options.js";
import { createdAtOf, isSnowflake } from "../snowflake.js";
import {
  type AvatarDecoration,
  avatarDecorationOf,
  type Collectibles,
  collectiblesOf,
} from "./collectibles.js";
import { booleanOf, Model, numberOf, requireIdentified, stringOf } from "./model.js";

/** The documented flags of a user. */
const USER_FLAGS = {
  STAFF: 1,
  PARTNER: 2,
  HYPESQUAD: 4,
  BUG_HUNTER_LEVEL_1: 8,
  HYPESQUAD_ONLINE_HOUSE_1: 64,
  HYPESQUAD_ONLINE_HOUSE_2: 128,
  HYPESQUAD_ONLINE_HOUSE_3: 256,
  PREMIUM_EARLY_SUPPORTER: 512,
  TEAM_PSEUDO_USER: 1024,
  BUG_HUNTER_LEVEL_2: 16_384,
  VERIFIED_BOT: 65_536,
  VERIFIED_DEVELOPER: 131_072,
  CERTIFIED_MODERATOR: 262_144,
  BOT_HTTP_INTERACTIONS: 524_288,
  ACTIVE_DEVELOPER: 4_194_304,
} as const;

/**
 * The name of a user flag.
 *
 * @see https://docs.discord.com/developers/resources/user#user-object-user-flags
 */
export type UserFlag = keyof typeof USER_FLAGS;

/**
 * The guild whose tag a user wears.
 *
 * @see https://docs.discord.com/developers/resources/user#user-object-user-primary-guild
 */
export interface PrimaryGuild {
  /** A snowflake. */
  readonly guildId: string | undefined;
  /** Whether the tag is shown: `false` if the user removed it, `undefined` if Discord did. */
  readonly enabled: boolean | undefined;
  /** The tag, up to 4 characters. */
  readonly tag: string | undefined;
  /** The hash of the badge next to the tag. */
  readonly badge: string | undefined;
  /** The URL of the badge, a PNG. */
  readonly badgeUrl: string | undefined;
}

/**
 * A Discord user.
 *
 * @see https://docs.discord.com/developers/resources/user#user-object
 */
export class User extends Model<APIUser> {
  /** @throws TypeError when the payload is not an object whose `id` is a snowflake */
  constructor(payload: Readonly<APIUser>) {
    super(requireIdentified(payload, "A user", isSnowflake));
  }

  /** A snowflake. */
  override get id(): string {
    return this.payload.id;
  }

  /** The username, which is unique except for bots and users with a legacy name. */
  get username(): string {
    return stringOf(this.payload.username) ?? "";
  }

  /** The same as {@link username}. */
  get name(): string {
    return this.username;
  }

  /** `"0"`, or four digits for bots and users with a legacy name. */
  get discriminator(): string {
    return stringOf(this.payload.discriminator) ?? "0";
  }

  /** The display name that the user chose. */
  get globalName(): string | undefined {
    return stringOf(this.payload.global_name);
  }

  /** The name to show: {@link globalName}, or {@link username}. */
  get displayName(): string {
    return this.globalName ?? this.username;
  }

  /** The unique name: `name`, or `name#1234` for a legacy name. */
  get tag(): string {
    const { username, discriminator } = this;
    return isLegacyDiscriminator(discriminator) ? `${username}#${discriminator}` : username;
  }

  get avatarHash(): string | undefined {
    return stringOf(this.payload.avatar);
  }

  /** The URL of the avatar: a GIF if it is animated, else a PNG; `undefined` if the user has none. */
  get avatarUrl(): string | undefined {
    return this.avatarUrlWith();
  }

  get isAvatarAnimated(): boolean {
    return isAnimatedHash(this.avatarHash);
  }

  /** The URL of the image to show: {@link avatarUrl}, or {@link defaultAvatarUrl}. */
  get displayAvatarUrl(): string {
    return this.avatarUrl ?? this.defaultAvatarUrl;
  }

  /** The URL of the image that Discord shows if the user has no avatar. */
  get defaultAvatarUrl(): string {
    return defaultAvatarUrl(this.id, this.discriminator);
  }

  /**
   * Returns the URL of the avatar in another size or format; `undefined` if the user has none.
   *
   * @throws TypeError for a size or format that does not exist
   */
  avatarUrlWith(options?: ImageOptions): string | undefined {
    return imageUrl("avatars/:id", [this.id], this.avatarHash, options);
  }

  get bannerHash(): string | undefined {
    return stringOf(this.payload.banner);
  }

  /** The URL of the banner: a GIF if it is animated, else a PNG; `undefined` if the user has none. */
  get bannerUrl(): string | undefined {
    return this.bannerUrlWith();
  }

  /**
   * Returns the URL of the banner in another size or format; `undefined` if the user has none.
   *
   * @throws TypeError for a size or format that does not exist
   */
  bannerUrlWith(options?: ImageOptions): string | undefined {
    return imageUrl("banners/:id", [this.id], this.bannerHash, options);
  }

  /** The colour of the profile, as 0xRRGGBB. */
  get accentColor(): number | undefined {
    return numberOf(this.payload.accent_color);
  }

  /** The avatar decoration. */
  get avatarDecoration(): AvatarDecoration | undefined {
    return avatarDecorationOf(this.payload.avatar_decoration_data);
  }

  /** The user's other collectibles, such as a nameplate. */
  get collectibles(): Collectibles | undefined {
    return collectiblesOf(this.payload.collectibles);
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

  /** The guild whose tag this user wears. */
  get primaryGuild(): PrimaryGuild | undefined {
    const { primary_guild: guild } = this.payload;
    if (!isRecord(guild)) return undefined;
    const guildId = stringOf(guild.identity_guild_id);
    const badge = stringOf(guild.badge);
    return {
      guildId,
      enabled: booleanOf(guild.identity_enabled),
      tag: stringOf(guild.tag),
      badge,
      badgeUrl: imageUrl("guild-tag-badges/:id", [guildId], badge, { animated: false }),
    };
  }

  /** Whether the user belongs to an application (a bot). Default: `false`. */
  get bot(): boolean {
    return this.payload.bot === true;
  }

  /** Whether the user is an official Discord system user. Default: `false`. */
  get system(): boolean {
    return this.payload.system === true;
  }

  /** Whether the account has two-factor authentication enabled. */
  get mfaEnabled(): boolean | undefined {
    return booleanOf(this.payload.mfa_enabled);
  }

  /**
   * The language the user chose, such as `en-US`.
   *
   * @see https://docs.discord.com/developers/reference#locales
   */
  get locale(): string | undefined {
    return stringOf(this.payload.locale);
  }

  /** Whether the user has verified the email address. Needs the scope `email`. */
  get verified(): boolean | undefined {
    return booleanOf(this.payload.verified);
  }

  /** The email address, if there is one. Needs the scope `email`. Do not trust it unless {@link verified} is `true`. */
  get email(): string | undefined {
    return stringOf(this.payload.email);
  }

  /**
   * The user's flags as bits, up to 2^53.
   *
   * @see https://docs.discord.com/developers/resources/user#user-object-user-flags
   */
  get flags(): number | undefined {
    return numberOf(this.payload.flags);
  }

  /** The flags that everyone can see, as bits. {@link publicFlagNames} returns their names. */
  get publicFlags(): number | undefined {
    return numberOf(this.payload.public_flags);
  }

  /** The names of {@link publicFlags}, such as `["STAFF"]`; empty if none is set. */
  get publicFlagNames(): UserFlag[] {
    // Bitwise operators ignore bits from 2^32 on, which have no names.
    const bits = this.publicFlags ?? 0;
    return (Object.keys(USER_FLAGS) as UserFlag[]).filter((name) => (bits & USER_FLAGS[name]) !== 0);
  }

  /**
   * 0 none, 1 Nitro Classic, 2 Nitro, 3 Nitro Basic. Always 0 without the scope `identify.premium`.
   *
   * @see https://docs.discord.com/developers/resources/user#user-object-premium-types
   */
  get premiumType(): number | undefined {
    return numberOf(this.payload.premium_type);
  }

  /** When the account was created. */
  get createdAt(): Date {
    return createdAtOf(this.id);
  }

  /** Returns {@link tag}. */
  override toString(): string {
    return this.tag;
  }
}

/**
 * The application's own bot user, as opposed to somebody who signed in.
 *
 * @see https://docs.discord.com/developers/resources/user#user-object
 */
export class Bot extends User {}
