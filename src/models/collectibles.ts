import { isRecord } from "../check-options.js";
import { stringOf } from "./model.js";

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

/** Reads `avatar_decoration_data`. */
export function avatarDecorationOf(value: unknown): AvatarDecoration | undefined {
  if (!isRecord(value)) return undefined;
  const { asset, sku_id } = value;
  return typeof asset === "string" ? { asset, skuId: stringOf(sku_id) } : undefined;
}

/** Reads `collectibles`. */
export function collectiblesOf(value: unknown): Collectibles | undefined {
  return isRecord(value) ? { nameplate: nameplateOf(value["nameplate"]) } : undefined;
}

function nameplateOf(value: unknown): Nameplate | undefined {
  if (!isRecord(value)) return undefined;
  const { asset, sku_id, label, palette } = value;
  if (typeof asset !== "string") return undefined;
  return { asset, skuId: stringOf(sku_id), label: stringOf(label), palette: stringOf(palette) };
}
