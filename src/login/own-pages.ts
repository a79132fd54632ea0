import type { IncomingMessage } from "node:http";
import { HttpException } from "../errors.js";

/** Whether a page of this app or the visitor's own navigation sent a request; `undefined` if the browser does not say. */
export function isFromOwnSite({ headers }: IncomingMessage): boolean | undefined {
  const site = headers["sec-fetch-site"];
  return site === undefined ? undefined : site === "same-origin" || site === "none";
}

/**
 * Requires that a page of this app or the visitor's own navigation (a typed URL, a bookmark) asks to connect an account.
 *
 * @throws HttpException cross_site_request
 */
export function requireConnectFromOwnPage(req: IncomingMessage, redirectUri: string): void {
  const { origin, referer } = req.headers;
  const sender = origin ?? originOf(referer);
  if (isFromOwnSite(req) ?? sender === new URL(redirectUri).origin) return;
  throw new HttpException({
    message:
      "This attempt to connect an account was refused because it does not come from a page of this app. Nothing was changed.",
    code: "cross_site_request",
  });
}

/** Browsers without `Sec-Fetch-Site` send no `Origin` header when a link is followed. */
function originOf(referer: string | undefined): string | undefined {
  return referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : undefined;
}
