import type { APIUser } from "discord-api-types/v10";
import { defaultAvatarUrl, type ImageOptions, imageUrl, isLegacyDiscriminator } from "../cdn.js";
import { isRecord } from "../check-options.js";
import { createdAtOf, isSnowflake } from "../snowflake.js";
import { booleanOf, numberOf, requireIdentified, stringOf } from "./model.js";
import { Profile } from "./profile.js";

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
export class User extends Profile<APIUser> {
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

  /** The URL of the image to show: {@link avatarUrl}, or {@link defaultAvatarUrl}. */
  get displayAvatarUrl(): string {
    return this.avatarUrl ?? this.defaultAvatarUrl;
  }

  /** The URL of the image that Discord shows if the user has no avatar. */
  get defaultAvatarUrl(): string {
    return defaultAvatarUrl(this.id, this.discriminator);
  }

  override avatarUrlWith(options?: ImageOptions): string | undefined {
    return imageUrl("avatars/:id", [this.id], this.avatarHash, options);
  }

  override bannerUrlWith(options?: ImageOptions): string | undefined {
    return imageUrl("banners/:id", [this.id], this.bannerHash, options);
  }

  /** The colour of the profile, as 0xRRGGBB. */
  get accentColor(): number | undefined {
    return numberOf(this.payload.accent_color);
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
