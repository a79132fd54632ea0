import { serialize } from "cookie";

/** The `Set-Cookie` headers of this library's own cookies: for the whole site, and out of the reach of scripts. */
export class OwnCookies {
  readonly #secure: boolean;
  readonly #attributes = new Map<number, string>();

  /** @param secure whether browsers may send them over https only: then they have the `__Host-` prefix too */
  constructor(secure: boolean) {
    this.#secure = secure;
  }

  nameOf(name: string): string {
    return this.#secure ? `__Host-${name}` : name;
  }

  /** @param value of characters that need no encoding */
  set(name: string, value: string, maxAgeS: number): string {
    return `${name}=${value}${this.#attributesFor(maxAgeS)}`;
  }

  remove(name: string): string {
    return this.set(name, "", 0);
  }

  #attributesFor(maxAge: number): string {
    const known = this.#attributes.get(maxAge);
    if (known !== undefined) return known;
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
