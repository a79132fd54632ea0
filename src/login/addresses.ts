import type { IncomingMessage } from "node:http";
import type { Config } from "../config.js";
import { isReturnTo, ownPath } from "./return-to.js";

/** The addresses of the app, as browsers see them. */
export class Addresses {
  readonly #config: Config;

  constructor(config: Config) {
    this.#config = config;
  }

  /** The path of a request, or one that the app was made with: with what a proxy strips. Other addresses stay as they are. */
  public(address: string): string {
    return /^\/(?!\/)/.test(address) ? this.#config.basePath + address : address;
  }

  /** The same for a path that a stranger has chosen: it stays within the app. */
  publicPath(path: string): string {
    return this.#config.basePath + ownPath(path);
  }

  /** The same for who may be on another origin: absolute, where they are on one of the option `origins`. */
  publicFor(req: IncomingMessage, path: string): string {
    const address = this.public(path);
    return this.isFromListedOrigin(req) ? new URL(address, this.#config.redirectUri).href : address;
  }

  /** Whether a page on one of the option `origins` sent this request. */
  isFromListedOrigin({ headers: { origin } }: IncomingMessage): boolean {
    return origin !== undefined && this.#config.origins.includes(origin);
  }

  /** Whether a login may lead to this address, which may come from a stranger. */
  isReturnTo(address: string | null): address is string {
    return isReturnTo(address, this.#config.origins);
  }

  /** Where a login may lead: the address of the request, where that can be given to the login. */
  returnToOf(originalUrl: string): string | undefined {
    const address = this.public(originalUrl);
    return isReturnTo(address) ? address : undefined;
  }
}
