import { badInput } from "../errors.js";

/** As JSON: so much fits into the cookie of a login, whatever the scopes. */
const LONGEST_BYTES = 1500;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const SUSPECT = /[\x00-\x20\x7f\\]|^\/(?:\/|%2f|%5c)/i;
const ANY_ORIGIN = "https://origin.invalid";

/** Whether a value is a path on the app's own origin, which a redirect may lead to (no open redirect). */
export function isReturnTo(value: unknown): value is string {
  return typeof value === "string" && !isTooLong(value) && isOwnPath(value);
}

/** Whether a path stays on the app's own origin, however long it is. */
function isOwnPath(value: string): boolean {
  if (
    !value.startsWith("/") ||
    SUSPECT.test(value) ||
    !value.isWellFormed() ||
    !URL.canParse(value, ANY_ORIGIN)
  )
    return false;
  const { origin, pathname } = new URL(value, ANY_ORIGIN);
  return origin === ANY_ORIGIN && !pathname.startsWith("//");
}

/** The path of a request as a link that stays on the app's own origin: under a wildcard mount it can begin with two slashes. */
export function ownPath(path: string): string {
  const withOneSlash = path.replace(/^[/\\]+/, "/");
  return isOwnPath(withOneSlash) ? withOneSlash : "/";
}

function isTooLong(value: string): boolean {
  return value.length > LONGEST_BYTES || Buffer.byteLength(JSON.stringify(value)) > LONGEST_BYTES;
}

/**
 * @returns `value` itself
 * @throws TypeError with `status` 400 and `code` `invalid_return_to`
 */
export function requireReturnTo(value: unknown): string {
  if (isReturnTo(value)) return value;
  throw badInput(
    "invalid_return_to",
    'returnTo must be a path on this app\'s own origin, such as "/dashboard?tab=1": one slash at its start, no backslashes, spaces or control characters, at most 1,500 bytes.',
  );
}
