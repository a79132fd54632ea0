const QUOTE_OR_NUMBER = /"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MOST_LEVELS = 1_000;

/**
 * Reads JSON like `JSON.parse`, except that integers too large for a JavaScript number become strings, so
 * that an id sent as a number keeps all its digits.
 *
 * @throws SyntaxError when the text is not JSON, or has more than a thousand levels
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // JSON.stringify overflows the stack after a few thousand levels.
  if (isDeeperThan(MOST_LEVELS, value)) throw new SyntaxError(`JSON may have at most ${MOST_LEVELS} levels.`);
  return /\d{16}/.test(text) ? JSON.parse(quoteUnsafeIntegers(text)) : value;
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(levels - 1, item));
}

/** Returns a JSON value as text. `String` throws for an object whose `toString` is not a function. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : String(JSON.stringify(value));
}

/** Skips strings one character at a time: a pattern for strings overflows the stack on large ones. */
function quoteUnsafeIntegers(json: string): string {
  const token = new RegExp(QUOTE_OR_NUMBER);
  let quoted = "";
  let copiedTo = 0;
  for (let match = token.exec(json); match !== null; match = token.exec(json)) {
    const [text] = match;
    if (text === '"') token.lastIndex = endOfString(json, match.index);
    else if (isUnsafe(text)) {
      quoted += `${json.slice(copiedTo, match.index)}"${text}"`;
      copiedTo = token.lastIndex;
    }
  }
  return quoted + json.slice(copiedTo);
}

function endOfString(json: string, start: number): number {
  let index = start + 1;
  while (json[index] !== '"') index += json[index] === "\\" ? 2 : 1;
  return index + 1;
}

function isUnsafe(number: string): boolean {
  return /^-?\d+$/.test(number) && !Number.isSafeInteger(Number(number));
}
