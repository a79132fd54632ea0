import { refuse } from "./answer.js";
import { invalidField, notNumber, notSnowflake } from "./api-errors.js";
import type { Call } from "./call.js";
import { compareSnowflakes, isSnowflake } from "./snowflake.js";

/** Whether a query value means true, in any of Discord's spellings. */
export function isTrue(value: string | undefined): boolean {
  return value === "true" || value === "True" || value === "1";
}

/** Reads an integer from `least` to `most`. */
export function readInteger(field: string, value: unknown, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isInteger(value)) return refuse(notNumber(field, value, "int"));
  if (value < least) {
    refuse(invalidField(field, "NUMBER_TYPE_MIN", `int value should be greater than or equal to ${least}.`));
  }
  if (value <= most) return value;
  return refuse(invalidField(field, "NUMBER_TYPE_MAX", `int value should be less than or equal to ${most}.`));
}

/** The default and the maximum number of entries on a page of a list. */
export interface PageSize {
  readonly usual: number;
  readonly most: number;
}

/** Returns the page of a list selected by `limit`, `before` and `after`, sorted by id. */
export function selectPage<Entry>(
  call: Call,
  entries: readonly Entry[],
  idOf: (entry: Entry) => string,
  size: PageSize,
): readonly Entry[] {
  const limit = readLimit(call, size);
  const after = readId(call, "after");
  const before = readId(call, "before");
  const inRange = entries.filter(
    (entry) =>
      (after === undefined || compareSnowflakes(idOf(entry), after) > 0) &&
      (before === undefined || compareSnowflakes(idOf(entry), before) < 0),
  );
  inRange.sort((a, b) => compareSnowflakes(idOf(a), idOf(b)));
  return before !== undefined && after === undefined ? inRange.slice(-limit) : inRange.slice(0, limit);
}

function readLimit(call: Call, { usual, most }: PageSize): number {
  const text = call.query["limit"] ?? String(usual);
  return readInteger("limit", /^-?\d+$/.test(text) ? Number(text) : text, 1, most);
}

function readId(call: Call, name: "before" | "after"): string | undefined {
  const value = call.query[name];
  return value === undefined || isSnowflake(value) ? value : refuse(notSnowflake(name, value));
}
