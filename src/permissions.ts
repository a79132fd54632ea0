import { optionsChecker } from "./check-options.js";
import { closestName } from "./closest-name.js";
import { BOOLEAN } from "./option-kinds.js";
import {
  BIT_BY_NAME,
  bitOf,
  PERMISSION_NAMES,
  type PermissionFlag,
  type PermissionFlags,
  type PermissionName,
} from "./permission-flags.js";
import { shown } from "./shown.js";

export type { PermissionAlias, PermissionFlag, PermissionFlags, PermissionName } from "./permission-flags.js";

/**
 * Everything that means a set of permissions: the bits as `bigint`, as a safe integer, or as the decimal string Discord
 * sends; a name; {@link Permissions}; or a list of these, which means all of them together.
 */
export type PermissionResolvable =
  | bigint
  | number
  | `${bigint}`
  | PermissionFlag
  | Permissions
  | readonly PermissionResolvable[];

/** How strictly to look. */
export interface PermissionCheck {
  /** `true`: `ADMINISTRATOR` is a permission like any other and does not stand for all of them. */
  readonly exact?: boolean | undefined;
}

/** Far longer than any value of Discord's; reading a number takes the square of its length. */
const DECIMAL = /^\d{1,100}$/;
/** Lists of lists, far deeper than anybody writes them. */
const DEEPEST = 10;
const EVERYTHING = -1n;

const permissionCheck = optionsChecker<PermissionCheck>({
  of: "A check of permissions",
  example: "{ exact: true }",
  kinds: { exact: BOOLEAN },
});

/**
 * What somebody may do in a guild: an immutable set of bits. Bits this library has no name for yet are kept.
 *
 * @example
 * ```ts
 * const permissions = new Permissions(["VIEW_CHANNEL", "SEND_MESSAGES"]);
 * permissions.has("VIEW_CHANNEL"); // true
 * permissions.with("MANAGE_GUILD").toString(); // "3104"
 * ```
 * @see https://docs.discord.com/developers/topics/permissions
 */
export class Permissions {
  /** No permission: 0. */
  static readonly none: Permissions = new Permissions(0n);

  /**
   * Every permission Discord documents today. The value grows with Discord; in Flask-Discord it stops at bit 32
   * (8589934591).
   */
  static readonly all: Permissions = new Permissions(PERMISSION_NAMES);

  /** What can be allowed in a channel, as Flask-Discord has it: 3019374417. */
  static readonly allChannel: Permissions = new Permissions([
    "CREATE_INSTANT_INVITE",
    "MANAGE_CHANNELS",
    "ADD_REACTIONS",
    "PRIORITY_SPEAKER",
    "STREAM",
    "VIEW_CHANNEL",
    "SEND_MESSAGES",
    "SEND_TTS_MESSAGES",
    "MANAGE_MESSAGES",
    "EMBED_LINKS",
    "ATTACH_FILES",
    "READ_MESSAGE_HISTORY",
    "MENTION_EVERYONE",
    "USE_EXTERNAL_EMOJIS",
    "CONNECT",
    "SPEAK",
    "MUTE_MEMBERS",
    "DEAFEN_MEMBERS",
    "MOVE_MEMBERS",
    "USE_VAD",
    "MANAGE_ROLES",
    "MANAGE_WEBHOOKS",
    "USE_APPLICATION_COMMANDS",
  ]);

  /** Running the guild, as Flask-Discord has it: 1879573680. */
  static readonly general: Permissions = new Permissions([
    "MANAGE_CHANNELS",
    "MANAGE_GUILD",
    "VIEW_AUDIT_LOG",
    "VIEW_CHANNEL",
    "VIEW_GUILD_INSIGHTS",
    "MANAGE_ROLES",
    "MANAGE_WEBHOOKS",
    "MANAGE_GUILD_EXPRESSIONS",
  ]);

  /** Who is in the guild and under which nickname, as Flask-Discord has it: 201326599. */
  static readonly membership: Permissions = new Permissions([
    "CREATE_INSTANT_INVITE",
    "KICK_MEMBERS",
    "BAN_MEMBERS",
    "CHANGE_NICKNAME",
    "MANAGE_NICKNAMES",
  ]);

  /** Writing in text channels, as Flask-Discord has it: 2148005952. */
  static readonly text: Permissions = new Permissions([
    "ADD_REACTIONS",
    "SEND_MESSAGES",
    "SEND_TTS_MESSAGES",
    "MANAGE_MESSAGES",
    "EMBED_LINKS",
    "ATTACH_FILES",
    "READ_MESSAGE_HISTORY",
    "MENTION_EVERYONE",
    "USE_EXTERNAL_EMOJIS",
    "USE_APPLICATION_COMMANDS",
  ]);

  /** Talking in voice channels, as Flask-Discord has it: 66061056. */
  static readonly voice: Permissions = new Permissions([
    "PRIORITY_SPEAKER",
    "STREAM",
    "CONNECT",
    "SPEAK",
    "MUTE_MEMBERS",
    "DEAFEN_MEMBERS",
    "MOVE_MEMBERS",
    "USE_VAD",
  ]);

  /** Asking for the word in stage channels, as Flask-Discord has it: 4294967296. */
  static readonly stage: Permissions = new Permissions("REQUEST_TO_SPEAK");

  /** Moderating stage channels, as Flask-Discord has it: 4315938816. */
  static readonly stageModerator: Permissions = new Permissions([
    "MUTE_MEMBERS",
    "MOVE_MEMBERS",
    "REQUEST_TO_SPEAK",
  ]);

  /** `ADMINISTRATOR`: 8. */
  static readonly advanced: Permissions = new Permissions("ADMINISTRATOR");

  /**
   * From flags by name, starting with none.
   *
   * @example
   * ```ts
   * Permissions.of({ MANAGE_GUILD: true, KICK_MEMBERS: false });
   * ```
   * @throws TypeError for an unknown name, and for a value that is not a boolean
   */
  static of(flags: PermissionFlags): Permissions {
    for (const flag of Object.keys(requireFlags(flags))) requireBit(flag);
    return Permissions.none.update(flags);
  }

  /** The bits. */
  readonly value: bigint;

  /**
   * @throws TypeError for an unknown name, a negative or unsafe number, and anything else that is not
   * {@link PermissionResolvable}
   */
  constructor(permissions: PermissionResolvable | (string & {}) = 0n) {
    this.value = resolve(permissions);
    Object.freeze(this);
  }

  /**
   * Whether all of these are here. `ADMINISTRATOR` stands for all, as it does at Discord, unless `exact`.
   *
   * @throws TypeError as the constructor
   */
  has(permissions: PermissionResolvable, options?: PermissionCheck): boolean {
    return this.missing(permissions, options).value === 0n;
  }

  /**
   * Whether at least one of these is here. `ADMINISTRATOR` stands for all, unless `exact`. Of none, none is here.
   *
   * @throws TypeError as the constructor
   */
  hasAny(permissions: PermissionResolvable, options?: PermissionCheck): boolean {
    return (granted(this.value, options) & resolve(permissions)) !== 0n;
  }

  /**
   * What of these is not here: nothing exactly when {@link has} is true.
   *
   * @example
   * ```ts
   * guild.permissions?.missing(["MANAGE_GUILD", "BAN_MEMBERS"]).toArray(); // ["BAN_MEMBERS"]
   * ```
   * @throws TypeError as the constructor
   */
  missing(permissions: PermissionResolvable, options?: PermissionCheck): Permissions {
    return new Permissions(resolve(permissions) & ~granted(this.value, options));
  }

  /**
   * These permissions as well.
   *
   * @throws TypeError as the constructor
   */
  with(permissions: PermissionResolvable): Permissions {
    return new Permissions(this.value | resolve(permissions));
  }

  /**
   * All but these permissions.
   *
   * @throws TypeError as the constructor
   */
  without(permissions: PermissionResolvable): Permissions {
    return new Permissions(this.value & ~resolve(permissions));
  }

  /**
   * The same with some flags switched on or off. As in Flask-Discord, names that are no permission are passed over
   * ({@link Permissions.of} refuses them).
   *
   * @throws TypeError for the value of a permission that is not a boolean
   */
  update(flags: PermissionFlags): Permissions {
    let { value } = this;
    for (const [flag, on] of Object.entries(requireFlags(flags))) {
      const bit = BIT_BY_NAME.get(flag);
      if (bit === undefined) continue;
      if (typeof on !== "boolean") {
        throw new TypeError(`The permission ${flag} must be true or false, not ${shown(on)}.`);
      }
      value = on ? value | bit : value & ~bit;
    }
    return new Permissions(value);
  }

  /**
   * These permissions in a channel that has an overwrite: what it denies is taken away, then what it allows is added.
   *
   * @throws TypeError as the constructor
   * @see https://docs.discord.com/developers/topics/permissions#permission-overwrites
   */
  handleOverwrite(
    allow: PermissionResolvable | (string & {}),
    deny: PermissionResolvable | (string & {}),
  ): Permissions {
    return new Permissions((this.value & ~resolve(deny)) | resolve(allow));
  }

  /**
   * Whether the other one has every bit that is here.
   *
   * @throws TypeError as the constructor
   */
  isSubset(other: PermissionResolvable): boolean {
    return (this.value & ~resolve(other)) === 0n;
  }

  /**
   * Whether every bit of the other one is here. Unlike {@link has} this looks at the bits alone.
   *
   * @throws TypeError as the constructor
   */
  isSuperset(other: PermissionResolvable): boolean {
    return (resolve(other) & ~this.value) === 0n;
  }

  /**
   * Whether this is a subset of the other one and not the same.
   *
   * @throws TypeError as the constructor
   */
  isStrictSubset(other: PermissionResolvable): boolean {
    return this.isSubset(other) && this.value !== resolve(other);
  }

  /**
   * Whether this is a superset of the other one and not the same.
   *
   * @throws TypeError as the constructor
   */
  isStrictSuperset(other: PermissionResolvable): boolean {
    return this.isSuperset(other) && this.value !== resolve(other);
  }

  /** Whether the other one is {@link Permissions} with the same bits. */
  equals(other: unknown): boolean {
    return isPermissions(other) && other.value === this.value;
  }

  /** Every documented permission in the order of the bits, and whether its bit is set. */
  *[Symbol.iterator](): Generator<[name: PermissionName, set: boolean], void, undefined> {
    for (const name of PERMISSION_NAMES) yield [name, (this.value & bitOf(name)) !== 0n];
  }

  /** The names of the bits that are set, in their order. */
  toArray(): PermissionName[] {
    return PERMISSION_NAMES.filter((name) => (this.value & bitOf(name)) !== 0n);
  }

  /** The bits as a decimal number, as Discord writes them in JSON and in URLs. */
  toString(): string {
    return this.value.toString();
  }

  /** {@link toString}: JSON has no `bigint`. */
  toJSON(): string {
    return this.toString();
  }
}

function granted(value: bigint, options: PermissionCheck | undefined): bigint {
  const { exact = false } = permissionCheck(options);
  return !exact && (value & bitOf("ADMINISTRATOR")) !== 0n ? EVERYTHING : value;
}

function resolve(permissions: unknown, depth = 0): bigint {
  if (typeof permissions === "bigint" && permissions >= 0n) return permissions;
  if (Number.isSafeInteger(permissions) && Number(permissions) >= 0) return BigInt(Number(permissions));
  if (typeof permissions === "string") {
    return DECIMAL.test(permissions) ? BigInt(permissions) : requireBit(permissions);
  }
  if (Array.isArray(permissions) && depth < DEEPEST) {
    return permissions.reduce<bigint>((value, permission) => value | resolve(permission, depth + 1), 0n);
  }
  if (isPermissions(permissions)) return permissions.value;
  throw new TypeError(
    `Permissions must be given as a bigint, a safe integer, a decimal string, a name such as "MANAGE_GUILD", Permissions, or a list of these, not ${depth < DEEPEST ? shown(permissions) : `lists nested ${DEEPEST} deep`}.`,
  );
}

// By its shape: an application may hold both an ESM and a CommonJS copy of this class.
function isPermissions(value: unknown): value is Permissions {
  return (
    typeof value === "object" &&
    value !== null &&
    "value" in value &&
    typeof value.value === "bigint" &&
    value.value >= 0n
  );
}

function requireBit(flag: string): bigint {
  const bit = BIT_BY_NAME.get(flag);
  if (bit !== undefined) return bit;
  const meant = closestName(flag, PERMISSION_NAMES);
  throw new TypeError(
    `${shown(flag)} is no permission. ${meant ? `Did you mean ${meant}?` : 'Give a name such as "MANAGE_GUILD".'}`,
  );
}

function requireFlags(flags: unknown): Readonly<Record<string, unknown>> {
  if (typeof flags === "object" && flags !== null && !Array.isArray(flags)) return { ...flags };
  throw new TypeError(`Flags must be an object such as { MANAGE_GUILD: true }, not ${shown(flags)}.`);
}
