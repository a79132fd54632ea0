import type {
  APIApplicationRoleConnection,
  APIApplicationRoleConnectionMetadata,
} from "discord-api-types/v10";
import { type Kind, optionsChecker, wrongValue } from "../check-options.js";
import { RECORD, STRING } from "../option-kinds.js";
import { shownName } from "../shown.js";

/** A value that linked roles can depend on. */
export type RoleConnectionValue = string | number | boolean | Date;

/** A user's role connection to this application. It appears in their profile, and linked roles depend on it. */
export interface RoleConnection {
  /** The name of the platform, up to 50 characters. */
  readonly platformName: string | undefined;
  /** The user's name on the platform, up to 100 characters. */
  readonly platformUsername: string | undefined;
  /** Values by the keys of the registered metadata. Discord stores them as strings; booleans are "1" and "0". */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A new {@link RoleConnection}. Fields that are left out are cleared. */
export interface RoleConnectionUpdate {
  readonly platformName?: string | undefined;
  readonly platformUsername?: string | undefined;
  readonly metadata?: Readonly<Record<string, RoleConnectionValue>> | undefined;
}

/** The description of a value that linked roles can depend on. */
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

/** Converts an update to Discord's payload, in which every value is a string. @throws TypeError for other values */
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

/** Reads Discord's payload. */
export function fromPayload(payload: unknown): RoleConnection {
  const { platform_name, platform_username, metadata } = (payload ??
    {}) as Partial<APIApplicationRoleConnection>;
  return {
    platformName: platform_name ?? undefined,
    platformUsername: platform_username ?? undefined,
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, String(value)])),
  };
}

/** Converts booleans to "1" and "0": Discord accepts `true` and `false`, but compares them as equal to nothing. */
function toText(value: RoleConnectionValue): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  return value instanceof Date ? value.toISOString() : String(value);
}
