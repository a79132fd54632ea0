const LONGEST = 100;
const MOST_ITEMS = 10;

/** A value as an error message quotes it: cut to a readable length, without the credentials in a URL. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(cut(value.replace(/\/\/[^/?#]*@/g, "//***@")));
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return cut(String(value));
  if (!Array.isArray(value)) return kindOf(value);
  return value.length > MOST_ITEMS ? kindOf(value) : cut(`[${value.map(shownItem).join(", ")}]`);
}

/** What kind of value it is, without its content: for values that may be secret. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return `a string of ${value.length} characters`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function shownItem(item: unknown): string {
  return Array.isArray(item) ? kindOf(item) : shown(item);
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text;
}
