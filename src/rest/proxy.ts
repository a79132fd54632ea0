/** A proxy, its credentials apart from its address: errors may show the address. */
export interface ProxyAddress {
  readonly uri: string;
  /** The value of `Proxy-Authorization`. */
  readonly token?: string;
}

/** @throws TypeError that keeps what was given to itself: it may hold a password */
export function parseProxy(given: string): ProxyAddress {
  try {
    const { protocol, origin, username, password } = new URL(given);
    if (protocol !== "http:" && protocol !== "https:") throw new TypeError("No HTTP proxy.");
    if (username === "" && password === "") return { uri: origin };
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { uri: origin, token: `Basic ${Buffer.from(login).toString("base64")}` };
  } catch {
    throw new TypeError(
      'The proxy must be a URL such as "http://user:password@proxy.example:3128", with special characters in the credentials percent-encoded.',
    );
  }
}
