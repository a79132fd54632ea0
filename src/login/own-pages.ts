import type { IncomingMessage } from "node:http";
import { HttpException } from "../errors.js";

/**
 * Requires that a page of this app or the visitor's own navigation (a typed URL, a bookmark) sent this request.
 *
 * @param what the subject of the message: "logout"
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
    message: `This ${what} was refused because it does not come from a page of this app. Nothing was changed.`,
    code: "cross_site_request",
  });
}

/** Browsers without `Sec-Fetch-Site` send no `Origin` header when a link is followed. */
function originOf(referer: string | undefined): string | undefined {
  return referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : undefined;
}
