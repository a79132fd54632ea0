import type {
  APIApplicationRoleConnection,
  APIApplicationRoleConnectionMetadata,
} from "discord-api-types/v10";
import { type Kind, mistakesIn, type OptionRules, optionsChecker, wrongValue } from "../check-options.js";
import { ANYTHING, LIST, RECORD, textOf } from "../option-kinds.js";
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

const MOST = 5;

const KEY: Kind = {
  wanted: "1 to 50 of the characters a-z, 0-9 and _",
  accepts: (value) => typeof value === "string" && /^[a-z0-9_]{1,50}$/.test(value),
};
const VALUE: Kind = {
  wanted: "a string, a finite number, a boolean or a valid Date",
  accepts: (value) =>
    typeof value === "string" ||
    typeof value === "boolean" ||
    Number.isFinite(value) ||
    (value instanceof Date && !Number.isNaN(value.getTime())),
};
const VALUE_TEXT = textOf(1, 100);

const roleConnectionUpdate = optionsChecker<RoleConnectionUpdate>({
  of: "updateRoleConnection",
  example: '{ platformName: "My Game", metadata: { wins: 12 } }',
  kinds: { platformName: textOf(0, 50), platformUsername: textOf(0, 100), metadata: RECORD },
  required: [],
});

const RECORD_RULES: OptionRules<RoleConnectionMetadata> = {
  of: "registerRoleConnectionMetadata",
  example: '{ key: "wins", name: "Wins", description: "At least this many", type: 2 }',
  kinds: {
    type: {
      wanted: "a value of ApplicationRoleConnectionMetadataType, such as 2",
      accepts: (value) => Number.isInteger(value) && Number(value) >= 1,
    },
    key: KEY,
    name: textOf(1, 100),
    name_localizations: ANYTHING,
    description: textOf(1, 200),
    description_localizations: ANYTHING,
  },
  required: ["type", "key", "name", "description"],
};

/** @returns `records` @throws TypeError for records that Discord would refuse; the message lists all mistakes */
export function requireMetadata(
  records: readonly RoleConnectionMetadata[],
): readonly RoleConnectionMetadata[] {
  const mistakes = Array.isArray(records)
    ? [...mistakesInRecords(records)]
    : [wrongValue("records", records, LIST)];
  if (mistakes.length > 0) throw new TypeError(`${RECORD_RULES.of}: ${mistakes.join(" ")}`);
  return records;
}

function* mistakesInRecords(records: readonly RoleConnectionMetadata[]): Generator<string> {
  if (records.length > MOST) yield `Discord accepts up to ${MOST} records, not ${records.length}.`;
  for (const [index, record] of records.entries())
    yield* mistakesIn(RECORD_RULES, record, `records[${index}].`);
  const keys = records.map((record) => record?.key);
  const repeated = keys.find((key, index) => key !== undefined && keys.indexOf(key) !== index);
  if (repeated !== undefined) yield `Two records have the key ${shownName(String(repeated))}.`;
}

/**
 * Converts an update to Discord's payload, in which every value is a string.
 *
 * @throws TypeError for values that Discord would refuse; the message lists all of them
 */
export function toPayload(update: RoleConnectionUpdate) {
  const { platformName, platformUsername, metadata } = roleConnectionUpdate(update);
  const values = Object.entries(metadata ?? {}).filter(([, value]) => value !== undefined);
  const mistakes = values.flatMap(([key, value]) => mistakesInValue(key, value));
  if (values.length > MOST)
    mistakes.push(`metadata has ${values.length} values, but Discord accepts up to ${MOST}.`);
  if (mistakes.length > 0) throw new TypeError(`updateRoleConnection: ${mistakes.join(" ")}`);
  return {
    platform_name: platformName,
    platform_username: platformUsername,
    metadata: Object.fromEntries(values.map(([key, value]) => [key, toText(value)])),
  };
}

function mistakesInValue(key: string, value: RoleConnectionValue): string[] {
  const name = `metadata.${shownName(key)}`;
  if (!KEY.accepts(key)) return [wrongValue("A key of metadata", key, KEY)];
  if (!VALUE.accepts(value)) return [wrongValue(name, value, VALUE)];
  const text = toText(value);
  return VALUE_TEXT.accepts(text) ? [] : [wrongValue(name, text, VALUE_TEXT)];
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
