import type { ServerResponse } from "node:http";
import { parse } from "cookie";

/** Reads and writes this library's own cookies. They apply to the whole site and are `HttpOnly`. */
export class OwnCookies {
  readonly #secure: boolean;

  /** @param secure whether to set `Secure` and the name prefix `__Host-` */
  constructor(secure: boolean) {
    this.#secure = secure;
  }

  nameOf(name: string): string {
    return this.#secure ? `__Host-${name}` : name;
  }

  /** Returns the value of a cookie in a `Cookie` header. */
  read(cookieHeader: string | undefined, name: string): string | undefined {
    return cookieHeader?.includes(name) ? parse(cookieHeader)[name] : undefined;
  }

  /** Returns the `Set-Cookie` header that sets a cookie. @param value must need no encoding */
  set(name: string, value: string, maxAgeS: number): string {
    return `${name}=${value}; Max-Age=${maxAgeS}; Path=/; HttpOnly${this.#secure ? "; Secure" : ""}; SameSite=Lax`;
  }

  /** Returns the `Set-Cookie` header that removes a cookie. */
  remove(name: string): string {
    return this.set(name, "", 0);
  }
}

/** Adds a `Set-Cookie` header, unless the app has sent its response already. */
export function appendCookie(res: ServerResponse, cookie: string): void {
  if (!res.headersSent) res.appendHeader("Set-Cookie", cookie);
}
