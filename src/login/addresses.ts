import type { IncomingMessage } from "node:http";
import type { Config } from "../config.js";
import { badInput } from "../errors.js";

/** The limit on the JSON form of `returnTo`, so that it fits into the login's cookie with any scopes. */
const LONGEST_BYTES = 1500;
// biome-ignore lint/suspicious/noControlCharactersInRegex: this pattern matches control characters
const SUSPECT = /[\x00-\x20\x7f\\]|^\/(?:\/|%2f|%5c)/i;
const ANY_ORIGIN = "https://origin.invalid";

/** Converts the app's paths to the URLs that browsers see, and decides where a login may redirect to. */
export class Addresses {
  readonly #config: Config;

  constructor(config: Config) {
    this.#config = config;
  }

  /** Adds the option `basePath`, the prefix a proxy strips, to a path. Leaves absolute URLs as they are. */
  public(address: string): string {
    return /^\/(?!\/)/.test(address) ? this.#config.basePath + address : address;
  }

  /**
   * Like {@link public}, for a path from an untrusted source: the result always stays on the app's own origin. Under a
   * wildcard mount, the path of a request can begin with two slashes, like a host.
   */
  publicPath(path: string): string {
    const withOneSlash = path.replace(/^[/\\]+/, "/");
    return this.#config.basePath + (isOwnPath(withOneSlash) ? withOneSlash : "/");
  }

  /** Like {@link public}, but absolute if the request came from a page on one of the option `origins`. */
  publicFor(req: IncomingMessage, path: string): string {
    const address = this.public(path);
    return this.isFromListedOrigin(req) ? new URL(address, this.#config.redirectUri).href : address;
  }

  /** Whether a page on one of the option `origins` sent this request. */
  isFromListedOrigin({ headers: { origin } }: IncomingMessage): boolean {
    return origin !== undefined && this.#config.origins.includes(origin);
  }

  /** Whether a login may redirect to this address, which may be untrusted. */
  isReturnTo(address: string | null): address is string {
    return isReturnTo(address, this.#config.origins);
  }

  /** Returns the request's own URL for `returnTo`; `undefined` if it is not a valid one (for example too long). */
  returnToOf(originalUrl: string): string | undefined {
    const address = this.public(originalUrl);
    return isReturnTo(address) ? address : undefined;
  }
}

/** Whether it is safe to redirect to a value (no open redirect): a path of the app, or a URL on one of `origins`. */
export function isReturnTo(value: unknown, origins: readonly string[] = []): value is string {
  if (typeof value !== "string" || Buffer.byteLength(JSON.stringify(value)) > LONGEST_BYTES) return false;
  // Compares text instead of parsed URLs, so that only a path can follow the origin.
  const origin = origins.find((one) => value === one || value.startsWith(`${one}/`));
  return isOwnPath(origin === undefined ? value : value.slice(origin.length) || "/");
}

/** Returns a value that is safe to redirect to. @throws TypeError with `status` 400 and `code` `invalid_return_to` */
export function requireReturnTo(value: unknown, origins: readonly string[] = [], name = "returnTo"): string {
  if (isReturnTo(value, origins)) return value;
  throw badInput(
    "invalid_return_to",
    `${name} must be a path on this app's own origin, such as "/dashboard?tab=1": one slash at its start, no backslashes, spaces or control characters, at most 1,500 bytes. Addresses elsewhere need the option origins.`,
  );
}

/** Whether a path stays on the app's own origin. Does not check its length. */
function isOwnPath(value: string): boolean {
  const isPlain = value.startsWith("/") && !SUSPECT.test(value) && value.isWellFormed();
  // A client that removes dot segments first would take "/.//host" for "//host".
  return isPlain && !new URL(value, ANY_ORIGIN).pathname.startsWith("//");
}
