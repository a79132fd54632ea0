const LONGEST = 2000;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const SUSPECT = /[\x00-\x20\x7f\\]|^\/(?:\/|%2f|%5c)/i;
const ANY_ORIGIN = "https://origin.invalid";

/** Whether a value is a path on the app's own origin, which a redirect may lead to (no open redirect). */
export function isReturnTo(value: unknown): value is string {
  if (typeof value !== "string" || !value.startsWith("/") || value.length > LONGEST) return false;
  if (SUSPECT.test(value) || !value.isWellFormed() || !URL.canParse(value, ANY_ORIGIN)) return false;
  const { origin, pathname } = new URL(value, ANY_ORIGIN);
  return origin === ANY_ORIGIN && !pathname.startsWith("//");
}

/**
 * @returns `value` itself
 * @throws TypeError with `status` 400 and `code` `invalid_return_to`
 */
export function requireReturnTo(value: unknown): string {
  if (isReturnTo(value)) return value;
  throw Object.assign(
    new TypeError(
      'returnTo must be a path on this app\'s own origin, such as "/dashboard?tab=1": one slash at its start, no backslashes, spaces or control characters, at most 2,000 characters.',
    ),
    { status: 400, code: "invalid_return_to" as const },
  );
}
