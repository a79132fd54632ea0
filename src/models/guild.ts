import type { RESTAPIPartialCurrentUserGuild } from "discord-api-types/v10";
import { type ImageOptions, imageUrl, isAnimatedHash } from "../cdn.js";
import { type PermissionResolvable, Permissions } from "../permissions.js";
import { createdAtOf, isSnowflake } from "../snowflake.js";
import { Model, numberOf, permissionsOf, requireIdentified, stringOf, stringsOf } from "./model.js";

/**
 * A guild ("server") in the list of the signed-in user's guilds.
 *
 * @see https://docs.discord.com/developers/resources/user#get-current-user-guilds
 */
export class Guild extends Model<RESTAPIPartialCurrentUserGuild> {
  /** Whether the bot is in the guild; `undefined` unless fetched with `fetchGuilds(req, { withBot: true })`. */
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

  /** The letters that Discord shows instead of an icon, such as `SoC` for "School of Cats". */
  get acronym(): string {
    return this.name
      .replaceAll("'s ", " ")
      .replaceAll(/\w+/g, (word) => word.charAt(0))
      .replaceAll(/\s/g, "");
  }

  get iconHash(): string | undefined {
    return stringOf(this.payload.icon);
  }

  /** The URL of the icon: a GIF if it is animated, else a PNG; `undefined` if the guild has none. */
  get iconUrl(): string | undefined {
    return this.iconUrlWith();
  }

  get isIconAnimated(): boolean {
    return isAnimatedHash(this.iconHash);
  }

  /**
   * Returns the URL of the icon in another size or format; `undefined` if the guild has none.
   *
   * @throws TypeError for a size or format that does not exist
   */
  iconUrlWith(options?: ImageOptions): string | undefined {
    return imageUrl("icons/:id", [this.id], this.iconHash, options);
  }

  get bannerHash(): string | undefined {
    return stringOf(this.payload.banner);
  }

  /** The URL of the banner: a GIF if it is animated, else a PNG; `undefined` if the guild has none. */
  get bannerUrl(): string | undefined {
    return this.bannerUrlWith();
  }

  /**
   * Returns the URL of the banner in another size or format; `undefined` if the guild has none.
   *
   * @throws TypeError for a size or format that does not exist
   */
  bannerUrlWith(options?: ImageOptions): string | undefined {
    return imageUrl("banners/:id", [this.id], this.bannerHash, options);
  }

  /** Whether the user owns the guild. Default: `false`. */
  get isOwner(): boolean {
    return this.payload.owner === true;
  }

  /** The user's permissions in the guild, from their roles. Channel overwrites are not included. */
  get permissions(): Permissions | undefined {
    return permissionsOf(this.payload.permissions);
  }

  /**
   * Whether the user has all of these permissions in the guild, through ownership, `ADMINISTRATOR` or roles. `false` if the
   * payload has no permissions.
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
   * The guild's features, such as `COMMUNITY`. Discord may add values.
   *
   * @see https://docs.discord.com/developers/resources/guild#guild-object-guild-features
   */
  get features(): string[] {
    return stringsOf(this.payload.features);
  }

  /** The approximate number of members. Discord sends it only for requests with `with_counts`. */
  get approximateMemberCount(): number | undefined {
    return numberOf(this.payload.approximate_member_count);
  }

  /** The approximate number of members who are online. Discord sends it only for requests with `with_counts`. */
  get approximatePresenceCount(): number | undefined {
    return numberOf(this.payload.approximate_presence_count);
  }

  /** When the guild was created. */
  get createdAt(): Date {
    return createdAtOf(this.id);
  }

  /** Returns {@link name}. */
  override toString(): string {
    return this.name;
  }
}
