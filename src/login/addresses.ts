import type { Config } from "../config.js";
import { isReturnTo, ownPath } from "./return-to.js";

/** The addresses of the app, as browsers see them. */
export class Addresses {
  readonly #basePath: string;

  constructor({ basePath }: Config) {
    this.#basePath = basePath;
  }

  /** The path of a request, or one that the app was made with: with what a proxy strips. Other addresses stay as they are. */
  public(address: string): string {
    return /^\/(?!\/)/.test(address) ? this.#basePath + address : address;
  }

  /** The same for a path that a stranger has chosen: it stays within the app. */
  publicPath(path: string): string {
    return this.#basePath + ownPath(path);
  }

  /** Where a login may lead: the address of the request, where that can be given to the login. */
  returnToOf(originalUrl: string): string | undefined {
    const address = this.public(originalUrl);
    return isReturnTo(address) ? address : undefined;
  }
}
