import { isObject, stringOf } from "./model.js";

/** The frame around an avatar. */
export interface AvatarDecoration {
  /** The hash of the picture. */
  readonly asset: string;
  /** The id of what was bought. */
  readonly skuId: string | undefined;
}

/** What is behind a user's name in lists of members. */
export interface Nameplate {
  /** A path such as `nameplates/nameplates/twilight/`. */
  readonly asset: string;
  /** The id of what was bought. */
  readonly skuId: string | undefined;
  /** For screen readers. */
  readonly label: string | undefined;
  /** The background, such as `crimson`; open to new ones. */
  readonly palette: string | undefined;
}

/**
 * What somebody wears, apart from their avatar decoration.
 *
 * @see https://docs.discord.com/developers/resources/user#collectibles
 */
export interface Collectibles {
  readonly nameplate: Nameplate | undefined;
}

/** The frame in `avatar_decoration_data`. */
export function avatarDecorationOf(value: unknown): AvatarDecoration | undefined {
  if (!isObject(value) || !("asset" in value) || typeof value.asset !== "string") return undefined;
  return { asset: value.asset, skuId: "sku_id" in value ? stringOf(value.sku_id) : undefined };
}

/** What is in `collectibles`. */
export function collectiblesOf(value: unknown): Collectibles | undefined {
  if (!isObject(value)) return undefined;
  return { nameplate: "nameplate" in value ? nameplateOf(value.nameplate) : undefined };
}

function nameplateOf(value: unknown): Nameplate | undefined {
  if (!isObject(value)) return undefined;
  const { asset, sku_id, label, palette } = value as Readonly<Record<string, unknown>>;
  if (typeof asset !== "string") return undefined;
  return { asset, skuId: stringOf(sku_id), label: stringOf(label), palette: stringOf(palette) };
}
