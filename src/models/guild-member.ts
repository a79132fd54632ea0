import type { APIGuildMember } from "discord-api-types/v10";
import {
  avatarDecorationUrl,
  type ImageOptions,
  isAnimatedHash,
  memberAvatarUrl,
  memberBannerUrl,
  type PngOptions,
} from "../cdn.js";
import { now } from "../clock.js";
import type { Permissions } from "../permissions.js";
import { isSnowflake, requireSnowflake } from "../snowflake.js";
import {
  type AvatarDecoration,
  avatarDecorationOf,
  type Collectibles,
  collectiblesOf,
} from "./collectibles.js";
import {
  dateOf,
  isIdentified,
  Model,
  numberOf,
  permissionsOf,
  requireObject,
  stringOf,
  stringsOf,
} from "./model.js";
import { User } from "./user.js";

/** What Discord documents of a member's flags. */
const FLAGS = {
  DID_REJOIN: 1,
  COMPLETED_ONBOARDING: 2,
  BYPASSES_VERIFICATION: 4,
  STARTED_ONBOARDING: 8,
  IS_GUEST: 16,
  STARTED_HOME_ACTIONS: 32,
  COMPLETED_HOME_ACTIONS: 64,
  AUTOMOD_QUARANTINED_USERNAME: 128,
  DM_SETTINGS_UPSELL_ACKNOWLEDGED: 512,
  AUTOMOD_QUARANTINED_GUILD_TAG: 1024,
} as const;

/** A member, with the permissions that Discord adds for a user who asks about themselves. */
export interface GuildMemberPayload extends APIGuildMember {
  /** A decimal number. */
  permissions?: string;
}

/**
 * A user in one guild.
 *
 * @see https://docs.discord.com/developers/resources/guild#guild-member-object
 */
export class GuildMember extends Model<GuildMemberPayload> {
  /** A snowflake. */
  readonly guildId: string;
  /** Who this is. */
  readonly user: User | undefined;

  /**
   * @param guildId - the guild that was asked about: a member's payload does not say it
   * @throws TypeError when the payload is not an object, or `guildId` not a snowflake (with `code` `invalid_snowflake`)
   */
  constructor(payload: Readonly<GuildMemberPayload>, guildId: string) {
    super(requireObject(payload, "A member"));
    this.guildId = requireSnowflake(guildId, "guildId");
    this.user = isIdentified(this.payload.user, isSnowflake) ? User.from(this.payload.user) : undefined;
  }

  /** The user's id. */
  override get id(): string | undefined {
    return this.user?.id;
  }

  /** The ids of the member's roles. The role `@everyone` (its id is the guild's) is never among them. */
  get roles(): string[] {
    return stringsOf(this.payload.roles);
  }

  /** Whether the member has the role with this id. */
  hasRole(roleId: string): boolean {
    return this.roles.includes(roleId);
  }

  /** The name in this guild alone. */
  get nick(): string | undefined {
    return stringOf(this.payload.nick);
  }

  /** What to call the member in this guild: {@link nick}, else the user's display name. */
  get displayName(): string | undefined {
    return this.nick ?? this.user?.displayName;
  }

  /** The hash of the avatar in this guild alone. */
  get avatarHash(): string | undefined {
    return stringOf(this.payload.avatar);
  }

  /**
   * The avatar in this guild alone: a GIF if it is animated, else a PNG; `undefined` if there is none.
   *
   * @example
   * ```ts
   * const picture = member.avatarUrl ?? member.user?.displayAvatarUrl;
   * ```
   */
  get avatarUrl(): string | undefined {
    return this.avatarUrlWith();
  }

  get isAvatarAnimated(): boolean {
    return isAnimatedHash(this.avatarHash);
  }

  /**
   * The avatar in this guild alone, in another size or format; `undefined` if there is none.
   *
   * @throws TypeError for a size or format that does not exist
   */
  avatarUrlWith(options?: ImageOptions): string | undefined {
    return memberAvatarUrl(this.guildId, this.id, this.avatarHash, options);
  }

  /** The hash of the banner in this guild alone. */
  get bannerHash(): string | undefined {
    return stringOf(this.payload.banner);
  }

  /** The banner in this guild alone: a GIF if it is animated, else a PNG; `undefined` if there is none. */
  get bannerUrl(): string | undefined {
    return this.bannerUrlWith();
  }

  /**
   * The banner in this guild alone, in another size or format; `undefined` if there is none.
   *
   * @throws TypeError for a size or format that does not exist
   */
  bannerUrlWith(options?: ImageOptions): string | undefined {
    return memberBannerUrl(this.guildId, this.id, this.bannerHash, options);
  }

  /** The frame around the avatar in this guild alone. */
  get avatarDecoration(): AvatarDecoration | undefined {
    return avatarDecorationOf(this.payload.avatar_decoration_data);
  }

  /** The picture of the frame around the avatar in this guild alone, a PNG. */
  get avatarDecorationUrl(): string | undefined {
    return this.avatarDecorationUrlWith();
  }

  /**
   * The picture of the frame in another size.
   *
   * @throws TypeError for a size that does not exist
   */
  avatarDecorationUrlWith(options?: PngOptions): string | undefined {
    return avatarDecorationUrl(this.avatarDecoration?.asset, options);
  }

  /** What the member wears in this guild alone, such as a nameplate. */
  get collectibles(): Collectibles | undefined {
    return collectiblesOf(this.payload.collectibles);
  }

  /** When the user joined the guild; `undefined` for a guest. */
  get joinedAt(): Date | undefined {
    return dateOf(this.payload.joined_at);
  }

  /** Since when the user has been boosting the guild. */
  get premiumSince(): Date | undefined {
    return dateOf(this.payload.premium_since);
  }

  /** When the time-out ends, or ended. */
  get communicationDisabledUntil(): Date | undefined {
    return dateOf(this.payload.communication_disabled_until);
  }

  /** Whether the member is timed out at this moment. */
  get isTimedOut(): boolean {
    const until = this.communicationDisabledUntil;
    return until !== undefined && until.getTime() > now();
  }

  /** Whether the member has yet to pass the guild's membership screening. Default `false`. */
  get pending(): boolean {
    return this.payload.pending === true;
  }

  /** Whether the member is deafened in voice channels. Default `false`. */
  get deaf(): boolean {
    return this.payload.deaf === true;
  }

  /** Whether the member is muted in voice channels. Default `false`. */
  get mute(): boolean {
    return this.payload.mute === true;
  }

  /** What the member may do in the guild. Sent only to a user who asks about themselves. */
  get permissions(): Permissions | undefined {
    return permissionsOf(this.payload.permissions);
  }

  /**
   * Bits; the accessors below name them. Default 0.
   *
   * @see https://docs.discord.com/developers/resources/guild#guild-member-object-guild-member-flags
   */
  get flags(): number {
    return numberOf(this.payload.flags) ?? 0;
  }

  /** The member left the guild and came back. */
  get didRejoin(): boolean {
    return (this.flags & FLAGS.DID_REJOIN) !== 0;
  }

  /** The member is through with onboarding. */
  get completedOnboarding(): boolean {
    return (this.flags & FLAGS.COMPLETED_ONBOARDING) !== 0;
  }

  /** The guild's verification does not apply to the member. */
  get bypassesVerification(): boolean {
    return (this.flags & FLAGS.BYPASSES_VERIFICATION) !== 0;
  }

  /** The member has begun onboarding. */
  get startedOnboarding(): boolean {
    return (this.flags & FLAGS.STARTED_ONBOARDING) !== 0;
  }

  /** The member is a guest, and sees only the voice channel of the invitation. */
  get isGuest(): boolean {
    return (this.flags & FLAGS.IS_GUEST) !== 0;
  }

  /** The member has begun the actions of the Server Guide. */
  get startedHomeActions(): boolean {
    return (this.flags & FLAGS.STARTED_HOME_ACTIONS) !== 0;
  }

  /** The member is through with the actions of the Server Guide. */
  get completedHomeActions(): boolean {
    return (this.flags & FLAGS.COMPLETED_HOME_ACTIONS) !== 0;
  }

  /** AutoMod blocks the username, display name or nickname. */
  get automodQuarantinedUsername(): boolean {
    return (this.flags & FLAGS.AUTOMOD_QUARANTINED_USERNAME) !== 0;
  }

  /** The member has closed the hint about direct messages. */
  get dmSettingsUpsellAcknowledged(): boolean {
    return (this.flags & FLAGS.DM_SETTINGS_UPSELL_ACKNOWLEDGED) !== 0;
  }

  /** AutoMod blocks the tag of the guild the user wears. */
  get automodQuarantinedGuildTag(): boolean {
    return (this.flags & FLAGS.AUTOMOD_QUARANTINED_GUILD_TAG) !== 0;
  }

  /** Whether the other value is the same user in the same guild. */
  override equals(other: unknown): boolean {
    return super.equals(other) && other instanceof GuildMember && other.guildId === this.guildId;
  }

  /** {@link displayName}, else nothing. */
  override toString(): string {
    return this.displayName ?? "";
  }
}
