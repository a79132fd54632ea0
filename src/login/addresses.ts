import type { IncomingMessage } from "node:http";
import type { Config } from "../config.js";
import { isReturnTo, ownPath } from "./return-to.js";

/** Converts the app's paths to the URLs that browsers see. */
export class Addresses {
  readonly #config: Config;

  constructor(config: Config) {
    this.#config = config;
  }

  /** Adds the option `basePath`, the prefix a proxy strips, to a path. Leaves absolute URLs as they are. */
  public(address: string): string {
    return /^\/(?!\/)/.test(address) ? this.#config.basePath + address : address;
  }

  /** Like {@link public}, for a path from an untrusted source: the result always stays on the app's own origin. */
  publicPath(path: string): string {
    return this.#config.basePath + ownPath(path);
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
