/** Whether this was left out, or is wanted. */
export function optional<T>(isWanted: (value: unknown) => value is T) {
  return (value: unknown): value is T | undefined => value === undefined || isWanted(value);
}

/** Whether this is an object with such methods. */
export function hasMethods<T extends object>(...names: string[]) {
  return (value: unknown): value is T =>
    typeof value === "object" &&
    value !== null &&
    names.every((name) => name in value && typeof value[name as never] === "function");
}

/** A whole number above 0. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** Milliseconds that a timer can count, several times over: it would run at once for more than 24 days. */
export function isTime(value: unknown): value is number {
  return isCount(value) && value <= 3_600_000;
}

/** A string without spaces and control characters. */
export function isPrintable(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}

/** A non-empty list of scopes. */
export function isScopes(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isPrintable);
}

/** A list of secrets that are long enough, or that everything is derived from. */
export function isSecrets(derivedFrom: string) {
  return (value: unknown): value is readonly string[] =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((secret) => secret === derivedFrom || (typeof secret === "string" && secret.length >= 32));
}

function parseUrl(value: unknown): URL | undefined {
  return typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
}

/** An absolute http or https URL. */
export function isHttpUrl(value: unknown): boolean {
  return ["http:", "https:"].includes(parseUrl(value)?.protocol ?? "");
}

/** A URL that Discord can lead to. */
export function isRedirectUri(value: string): boolean {
  return isHttpUrl(value) && !value.includes("#");
}

/** Where Discord may be: plain http on this machine only. */
export function isDiscordOrigin(value: unknown): value is string {
  const url = parseUrl(value);
  if (url?.pathname !== "/" || url.search || url.hash || url.username || url.password) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** The origin of a URL; empty where it is none. */
export function originOf(url: string): string {
  return parseUrl(url)?.origin ?? "";
}

/** What an environment variable holds as a list. */
export function listed(value: unknown): unknown {
  return typeof value === "string" ? value.split(/\s+/).filter(Boolean) : value;
}

/** One secret as a list of one. */
export function secretsOf(value: unknown): unknown {
  return typeof value === "string" ? [value] : value;
}

/** What an environment variable holds as a number. */
export function numberOf(value: unknown): unknown {
  if (value === "") return undefined;
  return typeof value === "string" ? Number(value) : value;
}
