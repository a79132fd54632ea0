import { type Cookie, isDomainOf, parseSetCookie } from "./set-cookie.js";

/** All that a cookie is besides its name and value. */
export type CookieAttributes = Partial<Omit<Cookie, "name" | "value">>;

/** A request that cookies are wanted for. */
export interface CookieRequest {
  readonly url: URL;
  readonly method: string;
  /** Whether it comes from another site, as the callback does, coming from Discord. */
  readonly crossSite: boolean;
}

/** Keeps cookies by the rules of browsers (RFC 6265bis). */
export class CookieJar {
  readonly #cookies = new Map<string, Cookie>();
  readonly #appUrl: URL;

  /** @internal */
  constructor(appUrl: URL) {
    this.#appUrl = appUrl;
  }

  /** Those that have not expired. */
  list(): Cookie[] {
    const now = Date.now();
    for (const [key, { expiresAt }] of this.#cookies) {
      if (expiresAt !== undefined && expiresAt <= now) this.#cookies.delete(key);
    }
    return [...this.#cookies.values()];
  }

  /** The value of the cookie of this name. */
  get(name: string): string | undefined {
    return this.list().find((cookie) => cookie.name === name)?.value;
  }

  /** Puts a cookie in as if the app had sent it, for its host and every path unless told otherwise. */
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

  /** Forgets the cookies of this name; without a name, all. */
  clear(name?: string): void {
    for (const [key, cookie] of this.#cookies) {
      if (name === undefined || cookie.name === name) this.#cookies.delete(key);
    }
  }

  /** Takes a `Set-Cookie` header that came from `url`, if a browser would. */
  receive(header: string, url: URL): void {
    const cookie = parseSetCookie(header, url);
    if (cookie !== undefined) this.#keep(cookie);
  }

  /** The `Cookie` header for a request, longest path first. */
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
