import { isObject } from "./access.js";
import { refuse } from "./answer.js";
import { emptyOrTooLong, invalidField, missingField, tooLong } from "./api-errors.js";
import { textLength } from "./text-length.js";

const MOST_RECORDS = 5;
const TYPES = [1, 2, 3, 4, 5, 6, 7, 8];

/** Whether a value is a valid key of role connection metadata. */
export function isMetadataKey(key: unknown): key is string {
  return typeof key === "string" && /^[a-z0-9_]{1,50}$/.test(key);
}

/** Reads role connection metadata: up to five records with unique keys. */
export function readRecords(value: unknown): readonly object[] {
  if (!Array.isArray(value) || value.length > MOST_RECORDS) {
    refuse(tooLong([], MOST_RECORDS));
  }
  const records = value.map(readRecord);
  for (const [index, { key }] of records.entries()) {
    const isFirst = records.findIndex((record) => record.key === key) === index;
    if (!isFirst) refuse(invalidField([index, "key"], "BASE_TYPE_DUPLICATE", "Keys must differ."));
  }
  return records;
}

function readRecord(record: unknown, index: number) {
  if (!isObject(record)) {
    return refuse(invalidField([index], "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"));
  }
  const { type, key } = record;
  if (!TYPES.some((one) => one === type)) {
    refuse(invalidField([index, "type"], "BASE_TYPE_CHOICES", `Value must be one of {${TYPES.join(", ")}}.`));
  }
  if (!isMetadataKey(key)) {
    return refuse(invalidField([index, "key"], "STRING_TYPE_REGEX", "Must be 1 to 50 of a-z, 0-9 and _."));
  }
  return {
    type,
    key,
    name: readText(record, index, "name", 100),
    description: readText(record, index, "description", 200),
    ...readLocalizations(record, index, "name_localizations"),
    ...readLocalizations(record, index, "description_localizations"),
  };
}

function readText(record: Record<string, unknown>, index: number, field: string, longest: number): string {
  const text = record[field];
  if (text === undefined) refuse(missingField([index, field]));
  if (typeof text === "string" && text !== "" && textLength(text) <= longest) return text;
  return refuse(emptyOrTooLong([index, field], longest));
}

function readLocalizations(record: Record<string, unknown>, index: number, field: string): object {
  const texts = record[field];
  if (texts === undefined || texts === null) return {};
  if (isObject(texts) && Object.values(texts).every((text) => typeof text === "string")) {
    return { [field]: texts };
  }
  return refuse(invalidField([index, field], "DICT_TYPE_CONVERT", "Must be texts by locale."));
}
