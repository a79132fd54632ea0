import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpException } from "../errors.js";

/**
 * Returns the response to a request, which Express sets as `req.res`; `undefined` in a WebSocket upgrade. Other servers
 * may set something else.
 */
export function responseTo(req: IncomingMessage): ServerResponse | undefined {
  const { res } = req as IncomingMessage & { readonly res?: ServerResponse | null };
  return typeof res?.appendHeader === "function" && typeof res.once === "function" ? res : undefined;
}

/** Answers HEAD requests and browser prefetches with 204. @returns whether it answered the request */
export function answersNonVisit(req: IncomingMessage, res: ServerResponse): boolean {
  const purpose = req.headers["sec-purpose"] ?? req.headers["purpose"];
  if (req.method !== "HEAD" && !String(purpose ?? "").includes("prefetch")) return false;
  res.statusCode = 204;
  res.end();
  return true;
}

/** Requires one of a route's methods; HEAD is allowed with GET. @param what the message's subject: "A logout" */
export function requireMethod(
  methods: readonly ("GET" | "POST")[],
  req: IncomingMessage,
  res: ServerResponse,
  what: string,
): void {
  const allowed = methods.join(", ").replace("GET", "GET, HEAD");
  if (allowed.split(", ").includes(req.method ?? "")) return;
  res.setHeader("Allow", allowed);
  throw new HttpException({
    message: `${what} must be sent by ${methods.join(" or ")}, not by ${req.method}.`,
    code: "method_not_allowed",
    headers: { Allow: allowed },
  });
}

/** Whether a browser navigates to a page, as opposed to a script or an API client that requests data. */
export function isPageVisit(req: IncomingMessage): boolean {
  const mode = req.headers["sec-fetch-mode"];
  if (mode !== undefined) return mode === "navigate";
  return req.headers["x-requested-with"] === undefined && (req.headers.accept ?? "").includes("text/html");
}

/** Redirects the browser with 302: it follows with GET, even after a POST. */
export function redirect(res: ServerResponse, url: string): void {
  res.statusCode = 302;
  res.setHeader("Location", url);
  res.setHeader("Content-Length", "0");
  res.end();
}

/** Whether a page of this app or the visitor's own navigation sent a request; `undefined` if the browser does not say. */
export function isFromOwnSite({ headers }: IncomingMessage): boolean | undefined {
  const site = headers["sec-fetch-site"];
  return site === undefined ? undefined : site === "same-origin" || site === "none";
}

/** Requires that a page of this app, a typed URL or a bookmark asks to connect an account. */
export function requireConnectFromOwnPage(req: IncomingMessage, redirectUri: string): void {
  // Browsers without `Sec-Fetch-Site` send no `Origin` header when a link is followed.
  const { referer = "", origin = URL.canParse(referer) ? new URL(referer).origin : undefined } = req.headers;
  if (isFromOwnSite(req) ?? origin === new URL(redirectUri).origin) return;
  throw new HttpException({
    message:
      "This attempt to connect an account was refused because it does not come from a page of this app. Nothing was changed.",
    code: "cross_site_request",
  });
}
