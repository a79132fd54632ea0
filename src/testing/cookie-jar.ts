import { type Cookie, isDomainOf, parseSetCookie } from "./set-cookie.js";

/** The attributes of a cookie. */
export type CookieAttributes = Partial<Omit<Cookie, "name" | "value">>;

/** A request that may get cookies. */
export interface CookieRequest {
  readonly url: URL;
  readonly method: string;
  /** Whether the request comes from another site, like the callback from Discord. */
  readonly crossSite: boolean;
}

/** Keeps cookies like a browser (RFC 6265bis). */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();
  readonly #appUrl: URL;

  /** @internal */
  constructor(appUrl: URL) {
    this.#appUrl = appUrl;
  }

  /** Returns the cookies that have not expired. */
  list(): Cookie[] {
    const now = Date.now();
    for (const [key, { expiresAt }] of this.#cookies) {
      if (expiresAt !== undefined && expiresAt <= now) this.#cookies.delete(key);
    }
    return [...this.#cookies.values()];
  }

  /** Returns the value of the cookie with this name. */
  get(name: string): string | undefined {
    return this.list().find((cookie) => cookie.name === name)?.value;
  }

  /** Sets a cookie as if the app had sent it. Default: for the app's host and every path. */
  set(name: string, value: string, attributes: CookieAttributes = {}): void {
    this.#keep({
      domain: this.#appUrl.hostname,
      hostOnly: true,
      path: "/",
      secure: false,
      httpOnly: false,
      sameSite: undefined,
      expiresAt: undefined,
      ...attributes,
      name,
      value,
    });
  }

  /** Removes the cookies with this name, or all cookies. */
  clear(name?: string): void {
    for (const [key, cookie] of this.#cookies) {
      if (name === undefined || cookie.name === name) this.#cookies.delete(key);
    }
  }

  /** Processes a `Set-Cookie` header from `url`, if a browser would accept it. */
  receive(header: string, url: URL): void {
    const cookie = parseSetCookie(header, url);
    if (cookie !== undefined) this.#keep(cookie);
  }

  /** Returns the `Cookie` header for a request, longest path first. */
  headerFor(request: CookieRequest): string | undefined {
    const sent = this.list().filter((cookie) => isSentTo(cookie, request));
    sent.sort((a, b) => b.path.length - a.path.length);
    return sent.length === 0 ? undefined : sent.map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  clone(): CookieJar {
    const copy = new CookieJar(this.#appUrl);
    for (const cookie of this.#cookies.values()) copy.#keep(cookie);
    return copy;
  }

  #keep(cookie: Cookie): void {
    this.#cookies.set(`${cookie.name};${cookie.domain};${cookie.path}`, cookie);
  }
}

function isSentTo(cookie: Cookie, { url, method, crossSite }: CookieRequest): boolean {
  if (!isDomainOf(cookie, url.hostname) || !isPathOf(cookie.path, url.pathname)) return false;
  if (cookie.secure && url.protocol !== "https:") return false;
  if (!crossSite || cookie.sameSite === "none") return true;
  return cookie.sameSite !== "strict" && (method === "GET" || method === "HEAD");
}

function isPathOf(cookiePath: string, path: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith("/") ? cookiePath : `${cookiePath}/`);
}
