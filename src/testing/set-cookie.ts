import { parseSetCookie as parse } from "cookie";

/** A cookie in a browser. */
export interface Cookie {
  readonly name: string;
  readonly value: string;
  /** The domain without a leading dot. */
  readonly domain: string;
  /** Whether browsers send the cookie only to this host, not to subdomains. */
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: "strict" | "lax" | "none" | undefined;
  /** Epoch milliseconds; `undefined` for a cookie that ends when the browser closes. */
  readonly expiresAt: number | undefined;
}

/** Parses a `Set-Cookie` header from `url`. @returns `undefined` if a browser would refuse the cookie */
export function parseSetCookie(header: string, url: URL): Cookie | undefined {
  const parsed = parse(header, { decode: (value) => value });
  const { name, value = "", path, secure = false, httpOnly = false, maxAge, expires } = parsed;
  const domain = parsed.domain?.replace(/^\./, "").toLowerCase() || undefined;
  const cookie: Cookie = {
    name,
    value,
    domain: domain ?? url.hostname,
    hostOnly: domain === undefined,
    path: path?.startsWith("/") ? path : defaultPath(url.pathname),
    secure,
    httpOnly,
    sameSite: parsed.sameSite as Cookie["sameSite"],
    expiresAt: maxAge === undefined ? expires?.getTime() : Date.now() + maxAge * 1000,
  };
  return isAcceptable(cookie, url, path) ? cookie : undefined;
}

function isAcceptable(cookie: Cookie, url: URL, path: string | undefined): boolean {
  if (cookie.name === "" || !isDomainOf(cookie, url.hostname)) return false;
  if (cookie.secure && url.protocol !== "https:") return false;
  if (cookie.sameSite === "none" && !cookie.secure) return false;
  if (cookie.name.startsWith("__Secure-")) return cookie.secure;
  if (cookie.name.startsWith("__Host-")) return cookie.secure && cookie.hostOnly && path === "/";
  return true;
}

function defaultPath(pathname: string): string {
  return pathname.slice(0, pathname.lastIndexOf("/")) || "/";
}

/** Whether a browser sends the cookie to a host. */
export function isDomainOf(cookie: Cookie, hostname: string): boolean {
  return hostname === cookie.domain || (!cookie.hostOnly && hostname.endsWith(`.${cookie.domain}`));
}
