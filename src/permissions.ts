import { type Kind, optionsChecker } from "./check-options.js";
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

/**
 * A value that can be converted to {@link Permissions}: the bits as a `bigint`, a safe integer or the decimal
 * string that Discord sends; a name; {@link Permissions}; or a list of these, combined.
 */
export type PermissionResolvable =
  | bigint
  | number
  | `${bigint}`
  | PermissionFlag
  | Permissions
  | readonly PermissionResolvable[];

/** Options of a permission check. */
export interface PermissionCheck {
  /** `true`: `ADMINISTRATOR` does not imply all other permissions. */
  readonly exact?: boolean | undefined;
}

/** The limit of 100 digits is far above Discord's values. Parsing time grows with the square of the length. */
const DECIMAL = /^\d{1,100}$/;
/** The maximum depth of nested lists. */
const DEEPEST = 10;
const EVERYTHING = -1n;

const permissionCheck = optionsChecker<PermissionCheck>({
  of: "A check of permissions",
  example: "{ exact: true }",
  kinds: { exact: BOOLEAN },
});

/**
 * An immutable set of permissions. Keeps bits that this library has no name for. Methods that take permissions throw a
 * TypeError like the constructor.
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
  /** No permissions: 0. */
  static readonly none: Permissions = new Permissions(0n);

  /**
   * Every permission that Discord documents. The value grows as Discord adds permissions; in Flask-Discord it stops
   * at bit 32 (8589934591).
   */
  static readonly all: Permissions = new Permissions(PERMISSION_NAMES);

  /** Permissions that can be set for a channel, as in Flask-Discord: 3019374417. */
  static readonly allChannel: Permissions = new Permissions(3_019_374_417);

  /** Permissions to manage a guild, as in Flask-Discord: 1879573680. */
  static readonly general: Permissions = new Permissions(1_879_573_680);

  /** Permissions to manage members and nicknames, as in Flask-Discord: 201326599. */
  static readonly membership: Permissions = new Permissions(201_326_599);

  /** Permissions for text channels, as in Flask-Discord: 2148005952. */
  static readonly text: Permissions = new Permissions(2_148_005_952);

  /** Permissions for voice channels, as in Flask-Discord: 66061056. */
  static readonly voice: Permissions = new Permissions(66_061_056);

  /** The permission to request to speak in stage channels, as in Flask-Discord: 4294967296. */
  static readonly stage: Permissions = new Permissions("REQUEST_TO_SPEAK");

  /** Permissions of stage moderators, as in Flask-Discord: 4315938816. */
  static readonly stageModerator: Permissions = new Permissions(4_315_938_816);

  /** `ADMINISTRATOR`: 8. */
  static readonly advanced: Permissions = new Permissions("ADMINISTRATOR");

  /**
   * Creates permissions from flags.
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

  /** Whether this set has all of these permissions. `ADMINISTRATOR` implies all permissions, unless `exact` is set. */
  has(permissions: PermissionResolvable, options?: PermissionCheck): boolean {
    return this.missing(permissions, options).value === 0n;
  }

  /**
   * Whether this set has at least one of these permissions; `false` for an empty list. `ADMINISTRATOR` implies all
   * permissions, unless `exact` is set.
   */
  hasAny(permissions: PermissionResolvable, options?: PermissionCheck): boolean {
    return (granted(this.value, options) & resolve(permissions)) !== 0n;
  }

  /**
   * Returns the permissions that this set lacks. The result is empty exactly when {@link has} returns `true`.
   *
   * @example
   * ```ts
   * guild.permissions?.missing(["MANAGE_GUILD", "BAN_MEMBERS"]).toArray(); // ["BAN_MEMBERS"]
   * ```
   */
  missing(permissions: PermissionResolvable, options?: PermissionCheck): Permissions {
    return new Permissions(resolve(permissions) & ~granted(this.value, options));
  }

  /** Returns this set with these permissions added. */
  with(permissions: PermissionResolvable): Permissions {
    return new Permissions(this.value | resolve(permissions));
  }

  /** Returns this set with these permissions removed. */
  without(permissions: PermissionResolvable): Permissions {
    return new Permissions(this.value & ~resolve(permissions));
  }

  /**
   * Returns this set with flags switched on or off. As in Flask-Discord, unknown names are ignored ({@link
   * Permissions.of} throws for them).
   *
   * @throws TypeError for a flag that is not a boolean
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
   * Returns these permissions in a channel with an overwrite: removes denied permissions, then adds allowed ones.
   *
   * @see https://docs.discord.com/developers/topics/permissions#permission-overwrites
   */
  handleOverwrite(
    allow: PermissionResolvable | (string & {}),
    deny: PermissionResolvable | (string & {}),
  ): Permissions {
    return new Permissions((this.value & ~resolve(deny)) | resolve(allow));
  }

  /** Whether the other set has every bit of this set. */
  isSubset(other: PermissionResolvable): boolean {
    return (this.value & ~resolve(other)) === 0n;
  }

  /** Whether this set has every bit of the other set. Unlike {@link has}, `ADMINISTRATOR` has no special meaning. */
  isSuperset(other: PermissionResolvable): boolean {
    return (resolve(other) & ~this.value) === 0n;
  }

  /** Whether this set is a subset of the other set and not equal to it. */
  isStrictSubset(other: PermissionResolvable): boolean {
    return this.isSubset(other) && this.value !== resolve(other);
  }

  /** Whether this set is a superset of the other set and not equal to it. */
  isStrictSuperset(other: PermissionResolvable): boolean {
    return this.isSuperset(other) && this.value !== resolve(other);
  }

  /** Whether the other value is {@link Permissions} with the same bits. */
  equals(other: unknown): boolean {
    return isPermissions(other) && other.value === this.value;
  }

  /** Yields every documented permission, in the order of the bits, and whether its bit is set. */
  *[Symbol.iterator](): Generator<[name: PermissionName, set: boolean], void, undefined> {
    for (const name of PERMISSION_NAMES) yield [name, (this.value & bitOf(name)) !== 0n];
  }

  /** Returns the names of the permissions in this set, in the order of the bits. */
  toArray(): PermissionName[] {
    return PERMISSION_NAMES.filter((name) => (this.value & bitOf(name)) !== 0n);
  }

  /** Returns the bits as a decimal number, Discord's format in JSON and URLs. */
  toString(): string {
    return this.value.toString();
  }

  /** Returns {@link toString}, because JSON has no `bigint`. */
  toJSON(): string {
    return this.toString();
  }
}

/** Any number of permissions, including none. @internal */
export const PERMISSIONS: Kind = {
  wanted: 'names such as "MANAGE_GUILD" or ["KICK_MEMBERS", "BAN_MEMBERS"], or their bits',
  accepts: (value) => mistakeIn(value) === undefined,
  hint: mistakeIn,
};

/** At least one permission. @internal */
export const SOME_PERMISSIONS: Kind = {
  ...PERMISSIONS,
  accepts: (value) => PERMISSIONS.accepts(value) && resolve(value) > 0n,
  hint: (value) => mistakeIn(value) ?? "it contains no permission.",
};

/** @returns the error message for an invalid value */
function mistakeIn(value: unknown): string | undefined {
  try {
    resolve(value);
    return undefined;
  } catch (error) {
    return (error as TypeError).message;
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
    `Permissions must be a bigint, a safe integer, a decimal string, a name such as "MANAGE_GUILD", Permissions, or a list of these, not ${depth < DEEPEST ? shown(permissions) : `lists nested ${DEEPEST} deep`}.`,
  );
}

// Not instanceof: an application may load both an ESM and a CommonJS copy of this class.
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
  const closest = closestName(flag, PERMISSION_NAMES);
  throw new TypeError(
    `${shown(flag)} is not a permission. ${closest ? `Did you mean ${closest}?` : 'Use a name such as "MANAGE_GUILD".'}`,
  );
}

function requireFlags(flags: unknown): Readonly<Record<string, unknown>> {
  if (typeof flags === "object" && flags !== null && !Array.isArray(flags)) return { ...flags };
  throw new TypeError(`The flags must be an object such as { MANAGE_GUILD: true }, not ${shown(flags)}.`);
}
