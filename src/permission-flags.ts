/** The bit position of each permission that Discord documents. */
const BIT_POSITIONS = {
  CREATE_INSTANT_INVITE: 0,
  KICK_MEMBERS: 1,
  BAN_MEMBERS: 2,
  ADMINISTRATOR: 3,
  MANAGE_CHANNELS: 4,
  MANAGE_GUILD: 5,
  ADD_REACTIONS: 6,
  VIEW_AUDIT_LOG: 7,
  PRIORITY_SPEAKER: 8,
  STREAM: 9,
  VIEW_CHANNEL: 10,
  SEND_MESSAGES: 11,
  SEND_TTS_MESSAGES: 12,
  MANAGE_MESSAGES: 13,
  EMBED_LINKS: 14,
  ATTACH_FILES: 15,
  READ_MESSAGE_HISTORY: 16,
  MENTION_EVERYONE: 17,
  USE_EXTERNAL_EMOJIS: 18,
  VIEW_GUILD_INSIGHTS: 19,
  CONNECT: 20,
  SPEAK: 21,
  MUTE_MEMBERS: 22,
  DEAFEN_MEMBERS: 23,
  MOVE_MEMBERS: 24,
  USE_VAD: 25,
  CHANGE_NICKNAME: 26,
  MANAGE_NICKNAMES: 27,
  MANAGE_ROLES: 28,
  MANAGE_WEBHOOKS: 29,
  MANAGE_GUILD_EXPRESSIONS: 30,
  USE_APPLICATION_COMMANDS: 31,
  REQUEST_TO_SPEAK: 32,
  MANAGE_EVENTS: 33,
  MANAGE_THREADS: 34,
  CREATE_PUBLIC_THREADS: 35,
  CREATE_PRIVATE_THREADS: 36,
  USE_EXTERNAL_STICKERS: 37,
  SEND_MESSAGES_IN_THREADS: 38,
  USE_EMBEDDED_ACTIVITIES: 39,
  MODERATE_MEMBERS: 40,
  VIEW_CREATOR_MONETIZATION_ANALYTICS: 41,
  USE_SOUNDBOARD: 42,
  CREATE_GUILD_EXPRESSIONS: 43,
  CREATE_EVENTS: 44,
  USE_EXTERNAL_SOUNDS: 45,
  SEND_VOICE_MESSAGES: 46,
  // 47 is not in use.
  SET_VOICE_CHANNEL_STATUS: 48,
  SEND_POLLS: 49,
  USE_EXTERNAL_APPS: 50,
  PIN_MESSAGES: 51,
  BYPASS_SLOWMODE: 52,
} as const;

/** Names in Flask-Discord that are not Discord's name in lower case. */
const FLASK_NAMES = {
  read_messages: "VIEW_CHANNEL",
  external_emojis: "USE_EXTERNAL_EMOJIS",
  use_voice_activation: "USE_VAD",
  manage_permissions: "MANAGE_ROLES",
  manage_emojis: "MANAGE_GUILD_EXPRESSIONS",
  use_slash_commands: "USE_APPLICATION_COMMANDS",
} as const satisfies Record<string, PermissionName>;

/**
 * The name of a permission in Discord's documentation.
 *
 * @see https://docs.discord.com/developers/topics/permissions#permissions-bitwise-permission-flags
 */
export type PermissionName = keyof typeof BIT_POSITIONS;

/** The name of a permission in Flask-Discord: `manage_guild`, `read_messages` (which is `VIEW_CHANNEL`), ... */
export type PermissionAlias = Lowercase<PermissionName> | keyof typeof FLASK_NAMES;

/** Any accepted name of a permission. */
export type PermissionFlag = PermissionName | PermissionAlias;

/** Permissions to switch on (`true`) or off (`false`). */
export type PermissionFlags = { readonly [Flag in PermissionFlag]?: boolean };

/** Every permission, in the order of the bits. */
export const PERMISSION_NAMES = Object.keys(BIT_POSITIONS) as readonly PermissionName[];
/** The bit of each accepted name. */
export const BIT_BY_NAME: ReadonlyMap<string, bigint> = new Map<string, bigint>([
  ...PERMISSION_NAMES.map((name) => [name, bitOf(name)] as const),
  ...PERMISSION_NAMES.map((name) => [name.toLowerCase(), bitOf(name)] as const),
  ...Object.entries(FLASK_NAMES).map(([alias, name]) => [alias, bitOf(name)] as const),
]);

/** Returns the bit of a permission. */
export function bitOf(name: PermissionName): bigint {
  return 1n << BigInt(BIT_POSITIONS[name]);
}
