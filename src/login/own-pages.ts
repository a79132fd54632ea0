import type { IncomingMessage } from "node:http";
import { HttpException } from "../errors.js";

/**
 * Makes sure that a page of this app sent the browser here, or the visitor did by themselves.
 *
 * @param what as the message names it: "logout"
 * @throws HttpException cross_site_request
 */
export function requireOwnPage({ headers }: IncomingMessage, redirectUri: string, what: string): void {
  const { origin } = new URL(redirectUri);
  const site = headers["sec-fetch-site"];
  const isOwn =
    site === undefined
      ? (headers.origin ?? originOf(headers.referer)) === origin
      : site === "same-origin" || site === "none";
  if (isOwn) return;
  throw new HttpException({
    message: `This ${what} does not come from a page of this app, so it is refused, and nothing was changed.`,
    code: "cross_site_request",
    status: 403,
  });
}

/** Browsers without `Sec-Fetch-Site` send no origin with links. */
function originOf(referer: string | undefined): string | undefined {
  return referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : undefined;
}
