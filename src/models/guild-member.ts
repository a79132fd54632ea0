import type { APIGuildMember } from "discord-api-types/v10";
import { type ImageOptions, imageUrl } from "../cdn.js";
import { now } from "../clock.js";
import type { Permissions } from "../permissions.js";
import { isSnowflake, requireSnowflake } from "../snowflake.js";
import {
  dateOf,
  isIdentified,
  numberOf,
  permissionsOf,
  requireObject,
  stringOf,
  stringsOf,
} from "./model.js";
import { Profile } from "./profile.js";
import { User } from "./user.js";

/** A member, with the permissions that Discord adds when users request their own membership. */
export interface GuildMemberPayload extends APIGuildMember {
  /** A decimal number. */
  permissions?: string;
}

/**
 * A user in one guild. Avatar, banner and collectibles are those of this guild: to fall back to the user's, write
 * `member.avatarUrl ?? member.user?.displayAvatarUrl`.
 *
 * @see https://docs.discord.com/developers/resources/guild#guild-member-object
 */
export class GuildMember extends Profile<GuildMemberPayload> {
  /** A snowflake. */
  readonly guildId: string;
  /** The user. */
  readonly user: User | undefined;

  /**
   * @param guildId - the guild's id, which is not in a member's payload
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

  /** The nickname in this guild. */
  get nick(): string | undefined {
    return stringOf(this.payload.nick);
  }

  /** The name to show in this guild: {@link nick}, or the user's display name. */
  get displayName(): string | undefined {
    return this.nick ?? this.user?.displayName;
  }

  override avatarUrlWith(options?: ImageOptions): string | undefined {
    return imageUrl("guilds/:id/users/:id/avatars", [this.guildId, this.id], this.avatarHash, options);
  }

  override bannerUrlWith(options?: ImageOptions): string | undefined {
    return imageUrl("guilds/:id/users/:id/banners", [this.guildId, this.id], this.bannerHash, options);
  }

  /** When the user joined the guild; `undefined` for a guest. */
  get joinedAt(): Date | undefined {
    return dateOf(this.payload.joined_at);
  }

  /** When the user started boosting the guild. */
  get premiumSince(): Date | undefined {
    return dateOf(this.payload.premium_since);
  }

  /** When the member's timeout ends or ended. */
  get communicationDisabledUntil(): Date | undefined {
    return dateOf(this.payload.communication_disabled_until);
  }

  /** Whether the member is timed out now. */
  get isTimedOut(): boolean {
    const until = this.communicationDisabledUntil;
    return until !== undefined && until.getTime() > now();
  }

  /** Whether the member has not passed the guild's membership screening yet. Default: `false`. */
  get pending(): boolean {
    return this.payload.pending === true;
  }

  /** Whether the member is deafened in voice channels. Default: `false`. */
  get deaf(): boolean {
    return this.payload.deaf === true;
  }

  /** Whether the member is muted in voice channels. Default: `false`. */
  get mute(): boolean {
    return this.payload.mute === true;
  }

  /** The member's permissions in the guild. Discord sends them only when users request their own membership. */
  get permissions(): Permissions | undefined {
    return permissionsOf(this.payload.permissions);
  }

  /**
   * The member's flags as bits; the accessors below name them. Default: 0.
   *
   * @see https://docs.discord.com/developers/resources/guild#guild-member-object-guild-member-flags
   */
  get flags(): number {
    return numberOf(this.payload.flags) ?? 0;
  }

  /** Whether the member has left the guild and rejoined it. */
  get didRejoin(): boolean {
    return (this.flags & (1 << 0)) !== 0;
  }

  /** Whether the member has completed onboarding. */
  get completedOnboarding(): boolean {
    return (this.flags & (1 << 1)) !== 0;
  }

  /** Whether the member is exempt from the guild's verification requirements. */
  get bypassesVerification(): boolean {
    return (this.flags & (1 << 2)) !== 0;
  }

  /** Whether the member has started onboarding. */
  get startedOnboarding(): boolean {
    return (this.flags & (1 << 3)) !== 0;
  }

  /** Whether the member is a guest, who can access only the voice channel they were invited to. */
  get isGuest(): boolean {
    return (this.flags & (1 << 4)) !== 0;
  }

  /** Whether the member has started the Server Guide actions. */
  get startedHomeActions(): boolean {
    return (this.flags & (1 << 5)) !== 0;
  }

  /** Whether the member has completed the Server Guide actions. */
  get completedHomeActions(): boolean {
    return (this.flags & (1 << 6)) !== 0;
  }

  /** Whether AutoMod blocks the member's username, display name or nickname. */
  get automodQuarantinedUsername(): boolean {
    return (this.flags & (1 << 7)) !== 0;
  }

  /** Whether the member has dismissed the direct message settings upsell. */
  get dmSettingsUpsellAcknowledged(): boolean {
    return (this.flags & (1 << 9)) !== 0;
  }

  /** Whether AutoMod blocks the guild tag that the user wears. */
  get automodQuarantinedGuildTag(): boolean {
    return (this.flags & (1 << 10)) !== 0;
  }

  /** Whether the other value is the same user in the same guild. */
  override equals(other: unknown): boolean {
    return super.equals(other) && other instanceof GuildMember && other.guildId === this.guildId;
  }

  /** Returns {@link displayName}, or an empty string. */
  override toString(): string {
    return this.displayName ?? "";
  }
}
