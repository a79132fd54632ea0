/**
 * Separates the address of a proxy from its credentials, because errors may show the address.
 *
 * @returns the address, and the value of `Proxy-Authorization`
 * @throws TypeError for an invalid URL. The message does not repeat the URL, which may contain a password
 */
export function parseProxy(url: string): { readonly uri: string; readonly token?: string } {
  try {
    const { protocol, origin, username, password } = new URL(url);
    if (protocol !== "http:" && protocol !== "https:") throw new TypeError("No HTTP proxy.");
    if (username === "" && password === "") return { uri: origin };
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { uri: origin, token: `Basic ${Buffer.from(login).toString("base64")}` };
  } catch {
    throw new TypeError(
      'The proxy must be a URL such as "http://user:password@proxy.example:3128". Percent-encode special characters in the user name and password.',
    );
  }
}
