// C0, DEL, C1, line and paragraph separators, and characters that change the text direction.
const CONTROL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this pattern matches control characters
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const CONTROLS = new RegExp(`${CONTROL.source}+`, "g");
/** Also markup: apps send messages as HTML, and the quoted value may come from the visitor's URL. */
const CONTROL_OR_MARKUP = new RegExp(`<|${CONTROL.source}`, "g");
const LONGEST = 100;
const MOST_ITEMS = 5;

/** Replaces characters that could forge log lines or change how they read. */
export function oneLine(text: string): string {
  return text.toWellFormed().replaceAll(CONTROLS, " ");
}

/**
 * Formats an invalid value for an error message: short, on one line, without the contents of objects.
 */
export function shown(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return shownList(value);
  return named(value);
}

/** Formats an invalid name for an error message: unquoted if it looks like an identifier. */
export function shownName(name: string): string {
  return /^[\w$-]{1,50}$/.test(name) ? name : quoted(name);
}

/** Describes an invalid value that may be a secret, without repeating it. */
export function kindOf(value: unknown): string {
  if (typeof value === "string") return `a string of ${value.length} characters`;
  if (typeof value === "number" || typeof value === "bigint") return `a ${typeof value}`;
  return Array.isArray(value) ? `a list of ${value.length}` : named(value);
}

function quoted(text: string): string {
  // Removes credentials in URLs.
  const start = text.slice(0, 1000).replace(/\/\/[^/?#]*@/, "//***@");
  const short = start.length > LONGEST ? `${start.slice(0, LONGEST)}...` : start;
  return JSON.stringify(short.toWellFormed()).replaceAll(CONTROL_OR_MARKUP, escaped);
}

function shownList(list: readonly unknown[]): string {
  const items = list.slice(0, MOST_ITEMS).map((item) => (Array.isArray(item) ? "[...]" : shown(item)));
  return `[${[...items, ...(list.length > MOST_ITEMS ? ["..."] : [])].join(", ")}]`;
}

function named(value: unknown): string {
  if (value === null || value === undefined || typeof value === "boolean" || typeof value === "number")
    return String(value);
  if (typeof value === "bigint")
    return value < 10n ** 20n && value > -(10n ** 20n) ? `${value}n` : "a bigint";
  if (typeof value === "function" || typeof value === "symbol") return `a ${typeof value}`;
  return value instanceof Promise ? "a promise" : "an object";
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
