import { badInput } from "../errors.js";

/** The limit on the JSON form of `returnTo`, so that it fits into the login's cookie with any scopes. */
const LONGEST_BYTES = 1500;
// biome-ignore lint/suspicious/noControlCharactersInRegex: this pattern matches control characters
const SUSPECT = /[\x00-\x20\x7f\\]|^\/(?:\/|%2f|%5c)/i;
const ANY_ORIGIN = "https://origin.invalid";

/** Whether it is safe to redirect to a value (no open redirect): a path of the app, or a URL on one of `origins`. */
export function isReturnTo(value: unknown, origins: readonly string[] = []): value is string {
  return typeof value === "string" && !isTooLong(value) && (isOwnPath(value) || isAt(origins, value));
}

/** Compares text instead of parsed URLs, so that only a path can follow the origin. */
function isAt(origins: readonly string[], value: string): boolean {
  const origin = origins.find((one) => value === one || value.startsWith(`${one}/`));
  return origin !== undefined && isOwnPath(value.slice(origin.length) || "/");
}

/** Whether a path stays on the app's own origin. Does not check its length. */
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

/** Makes the path of a request safe to link to: under a wildcard mount it can begin with two slashes, like a host. */
export function ownPath(path: string): string {
  const withOneSlash = path.replace(/^[/\\]+/, "/");
  return isOwnPath(withOneSlash) ? withOneSlash : "/";
}

function isTooLong(value: string): boolean {
  return value.length > LONGEST_BYTES || Buffer.byteLength(JSON.stringify(value)) > LONGEST_BYTES;
}

/** Returns a value that is safe to redirect to. @throws TypeError with `status` 400 and `code` `invalid_return_to` */
export function requireReturnTo(value: unknown, origins: readonly string[] = [], name = "returnTo"): string {
  if (isReturnTo(value, origins)) return value;
  throw badInput(
    "invalid_return_to",
    `${name} must be a path on this app's own origin, such as "/dashboard?tab=1": one slash at its start, no backslashes, spaces or control characters, at most 1,500 bytes. Addresses elsewhere need the option origins.`,
  );
}
