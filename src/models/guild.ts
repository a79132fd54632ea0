import type { RESTAPIPartialCurrentUserGuild } from "discord-api-types/v10";
import { guildBannerUrl, guildIconUrl, type ImageOptions, isAnimatedHash } from "../cdn.js";
import { type PermissionResolvable, Permissions } from "../permissions.js";
import { createdAtOf, isSnowflake } from "../snowflake.js";
import { Model, numberOf, permissionsOf, requireIdentified, stringOf, stringsOf } from "./model.js";

/**
 * A guild ("server") as the signed-in user sees it in the list of their guilds.
 *
 * @see https://docs.discord.com/developers/resources/user#get-current-user-guilds
 */
export class Guild extends Model<RESTAPIPartialCurrentUserGuild> {
  /** Whether the bot is in the guild; `undefined` unless that was asked for: `fetchGuilds(req, { withBot: true })`. */
  declare readonly hasBot?: boolean;

  /** @throws TypeError when the payload is not an object whose `id` is a snowflake */
  constructor(payload: Readonly<RESTAPIPartialCurrentUserGuild>, hasBot?: boolean) {
    super(requireIdentified(payload, "A guild", isSnowflake));
    if (hasBot !== undefined) this.hasBot = hasBot;
  }

  /** A snowflake. */
  override get id(): string {
    return this.payload.id;
  }

  get name(): string {
    return stringOf(this.payload.name) ?? "";
  }

  /** What Discord shows in place of an icon: the first letters of the name's words, such as `SoC` for "School of Cats". */
  get acronym(): string {
    return this.name
      .replaceAll("'s ", " ")
      .replaceAll(/\w+/g, (word) => word.charAt(0))
      .replaceAll(/\s/g, "");
  }

  get iconHash(): string | undefined {
    return stringOf(this.payload.icon);
  }

  /** The icon: a GIF if it is animated, else a PNG; `undefined` if the guild has none. */
  get iconUrl(): string | undefined {
    return this.iconUrlWith();
  }

  get isIconAnimated(): boolean {
    return isAnimatedHash(this.iconHash);
  }

  /**
   * The icon in another size or format; `undefined` if the guild has none.
   *
   * @throws TypeError for a size or format that does not exist
   */
  iconUrlWith(options?: ImageOptions): string | undefined {
    return guildIconUrl(this.id, this.iconHash, options);
  }

  get bannerHash(): string | undefined {
    return stringOf(this.payload.banner);
  }

  /** The banner: a GIF if it is animated, else a PNG; `undefined` if the guild has none. */
  get bannerUrl(): string | undefined {
    return this.bannerUrlWith();
  }

  /**
   * The banner in another size or format; `undefined` if the guild has none.
   *
   * @throws TypeError for a size or format that does not exist
   */
  bannerUrlWith(options?: ImageOptions): string | undefined {
    return guildBannerUrl(this.id, this.bannerHash, options);
  }

  /** Whether the user owns the guild. Default `false`. */
  get isOwner(): boolean {
    return this.payload.owner === true;
  }

  /** What the user may do in the guild by their roles; overwrites of single channels are not in it. */
  get permissions(): Permissions | undefined {
    return permissionsOf(this.payload.permissions);
  }

  /**
   * Whether the user may do all of this in the guild: as the owner, as an administrator or by their roles. `false` when
   * Discord did not send the permissions.
   *
   * @example
   * ```ts
   * const manageable = (await discord.fetchGuilds(req)).filter((guild) => guild.can("MANAGE_GUILD"));
   * ```
   * @throws TypeError for a permission that does not exist
   */
  can(...permissions: readonly PermissionResolvable[]): boolean {
    const wanted = new Permissions(permissions);
    return this.isOwner || (this.permissions?.has(wanted) ?? false);
  }

  /**
   * What the guild has, such as `COMMUNITY`: a list open to new words.
   *
   * @see https://docs.discord.com/developers/resources/guild#guild-object-guild-features
   */
  get features(): string[] {
    return stringsOf(this.payload.features);
  }

  /** How many members there are. Sent only for a request `with_counts`. */
  get approximateMemberCount(): number | undefined {
    return numberOf(this.payload.approximate_member_count);
  }

  /** How many members are online. Sent only for a request `with_counts`. */
  get approximatePresenceCount(): number | undefined {
    return numberOf(this.payload.approximate_presence_count);
  }

  /** When the guild was made. */
  get createdAt(): Date {
    return createdAtOf(this.id);
  }

  /** {@link name}. */
  override toString(): string {
    return this.name;
  }
}
