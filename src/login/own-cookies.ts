import { serialize } from "cookie";

/** Makes `Set-Cookie` headers for this library's own cookies. They apply to the whole site and are `HttpOnly`. */
export class OwnCookies {
  readonly #secure: boolean;
  readonly #attributes = new Map<number, string>();

  /** @param secure whether to set `Secure` and the name prefix `__Host-` */
  constructor(secure: boolean) {
    this.#secure = secure;
  }

  nameOf(name: string): string {
    return this.#secure ? `__Host-${name}` : name;
  }

  /** @param value must need no encoding */
  set(name: string, value: string, maxAgeS: number): string {
    return `${name}=${value}${this.#attributesFor(maxAgeS)}`;
  }

  remove(name: string): string {
    return this.set(name, "", 0);
  }

  #attributesFor(maxAge: number): string {
    const cached = this.#attributes.get(maxAge);
    if (cached !== undefined) return cached;
    const secure = this.#secure;
    const attributes = serialize("a", "", {
      path: "/",
      httpOnly: true,
      sameSite: "lax",
      secure,
      maxAge,
    }).slice(2);
    this.#attributes.set(maxAge, attributes);
    return attributes;
  }
}
