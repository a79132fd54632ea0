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
  const [pair = "", ...rest] = header.split(";");
  const [name, value] = splitOnce(pair);
  const attributes = new Map(
    rest.map((attribute) => {
      const [key, text] = splitOnce(attribute);
      return [key.toLowerCase(), text];
    }),
  );
  const domain = attributes.get("domain")?.replace(/^\./, "").toLowerCase() || undefined;
  const path = attributes.get("path");
  const cookie: Cookie = {
    name,
    value,
    domain: domain ?? url.hostname,
    hostOnly: domain === undefined,
    path: path?.startsWith("/") ? path : defaultPath(url.pathname),
    secure: attributes.has("secure"),
    httpOnly: attributes.has("httponly"),
    sameSite: parseSameSite(attributes.get("samesite")),
    expiresAt: parseExpiry(attributes.get("max-age"), attributes.get("expires")),
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

function splitOnce(text: string): [string, string] {
  const index = text.indexOf("=");
  if (index === -1) return [text.trim(), ""];
  return [text.slice(0, index).trim(), text.slice(index + 1).trim()];
}

function defaultPath(pathname: string): string {
  return pathname.slice(0, pathname.lastIndexOf("/")) || "/";
}

function parseSameSite(text: string | undefined): Cookie["sameSite"] {
  const value = text?.toLowerCase();
  return value === "strict" || value === "lax" || value === "none" ? value : undefined;
}

function parseExpiry(maxAge: string | undefined, expires: string | undefined): number | undefined {
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Date.now() + Number(maxAge) * 1000;
  const time = Date.parse(expires ?? "");
  return Number.isNaN(time) ? undefined : time;
}

/** Whether a browser sends the cookie to a host. */
export function isDomainOf(cookie: Cookie, hostname: string): boolean {
  return hostname === cookie.domain || (!cookie.hostOnly && hostname.endsWith(`.${cookie.domain}`));
}
