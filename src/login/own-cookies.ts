import type { IncomingMessage, ServerResponse } from "node:http";
import { parse } from "cookie";
import type { Config } from "../config.js";

/** This library's own cookies, with names that differ for each application. They apply to the whole site. */
export class OwnCookies {
  readonly #prefix: string;
  readonly #attributes: string;

  constructor({ clientId, redirectUri }: Pick<Config, "clientId" | "redirectUri">) {
    const isSecure = redirectUri.startsWith("https:");
    this.#prefix = `${isSecure ? "__Host-" : ""}discord-${clientId}-`;
    this.#attributes = `Path=/; HttpOnly${isSecure ? "; Secure" : ""}; SameSite=Lax`;
  }

  /** Returns the full name of a cookie. */
  nameOf(name: string): string {
    return this.#prefix + name;
  }

  /** Returns all cookies whose names look like our own. */
  all({ headers: { cookie } }: IncomingMessage): (readonly [name: string, value: string])[] {
    if (!cookie?.includes(this.#prefix)) return [];
    const named = Object.entries(parse(cookie)).filter(([name]) => name.startsWith(this.#prefix));
    return named.map(([name, value = ""]) => [name.slice(this.#prefix.length), value]);
  }

  read(req: IncomingMessage, name: string): string | undefined {
    return this.all(req).find(([one]) => one === name)?.[1];
  }

  /** Returns the `Set-Cookie` header that sets a cookie. @param value must need no encoding */
  header(name: string, value: string, lifetimeMs: number): string {
    return `${this.nameOf(name)}=${value}; Max-Age=${lifetimeMs / 1000}; ${this.#attributes}`;
  }

  /** Sets a cookie, unless the response is unknown or the app has sent it already. */
  set(res: ServerResponse | undefined, name: string, value: string, lifetimeMs: number): void {
    if (res && !res.headersSent) res.appendHeader("Set-Cookie", this.header(name, value, lifetimeMs));
  }

  remove(res: ServerResponse | undefined, name: string): void {
    this.set(res, name, "", 0);
  }
}
