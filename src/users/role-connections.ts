import type {
  APIApplicationRoleConnection,
  APIApplicationRoleConnectionMetadata,
} from "discord-api-types/v10";
import { type Kind, optionsChecker, wrongValue } from "../check-options.js";
import { RECORD, STRING } from "../option-kinds.js";
import { shownName } from "../shown.js";

/** What a linked role is decided by. */
export type RoleConnectionValue = string | number | boolean | Date;

/** A user's link to this application, as their profile shows it and as linked roles are decided by it. */
export interface RoleConnection {
  /** The name of the platform, at most 50 characters. */
  readonly platformName: string | undefined;
  /** The user's name on it, at most 100 characters. */
  readonly platformUsername: string | undefined;
  /** By the keys of the registered metadata, as Discord keeps it: everything is a string, booleans are "1" and "0". */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A {@link RoleConnection} to be stored; what is left out is cleared. */
export interface RoleConnectionUpdate {
  readonly platformName?: string | undefined;
  readonly platformUsername?: string | undefined;
  readonly metadata?: Readonly<Record<string, RoleConnectionValue>> | undefined;
}

/** One thing that linked roles can be decided by. */
export type RoleConnectionMetadata = APIApplicationRoleConnectionMetadata;

const VALUE: Kind = {
  wanted: "a string, a finite number, a boolean or a valid Date",
  accepts: (value) =>
    typeof value === "string" ||
    typeof value === "boolean" ||
    Number.isFinite(value) ||
    (value instanceof Date && !Number.isNaN(value.getTime())),
};

const roleConnectionUpdate = optionsChecker<RoleConnectionUpdate>({
  of: "updateRoleConnection",
  example: '{ platformName: "My Game", metadata: { wins: 12 } }',
  kinds: { platformName: STRING, platformUsername: STRING, metadata: RECORD },
  required: [],
});

/** As Discord takes it: every value is text there. @throws TypeError for what Discord has no text for */
export function toPayload(update: RoleConnectionUpdate) {
  const { platformName, platformUsername, metadata } = roleConnectionUpdate(update);
  const values = Object.entries(metadata ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      if (VALUE.accepts(value)) return [key, toText(value)];
      throw new TypeError(`updateRoleConnection: ${wrongValue(`metadata.${shownName(key)}`, value, VALUE)}`);
    });
  return {
    platform_name: platformName,
    platform_username: platformUsername,
    metadata: Object.fromEntries(values) as Record<string, string>,
  };
}

/** From what Discord answered. */
export function fromPayload(payload: unknown): RoleConnection {
  const { platform_name, platform_username, metadata } = (payload ??
    {}) as Partial<APIApplicationRoleConnection>;
  return {
    platformName: platform_name ?? undefined,
    platformUsername: platform_username ?? undefined,
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, String(value)])),
  };
}

/** Discord takes `true` and `false`, and never finds them equal to anything. */
function toText(value: RoleConnectionValue): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  return value instanceof Date ? value.toISOString() : String(value);
}
