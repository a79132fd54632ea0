import type { IncomingMessage, ServerResponse } from "node:http";
import { HttpException } from "../errors.js";

/** Forbids every cache to keep an answer that begins or ends a login. */
export function forbidCaching(res: ServerResponse): void {
  res.setHeader("Cache-Control", "no-store");
}

/**
 * Answers with 204, and does nothing else, what is no visit: HEAD, and what a browser prefetches.
 *
 * @returns whether it has answered
 */
export function answersNonVisit(req: IncomingMessage, res: ServerResponse): boolean {
  const purpose = req.headers["sec-purpose"] ?? req.headers["purpose"];
  if (req.method !== "HEAD" && !String(purpose ?? "").includes("prefetch")) return false;
  res.statusCode = 204;
  res.end();
  return true;
}

/** @throws HttpException method_not_allowed, unless this is a GET */
export function requireGet(req: IncomingMessage, res: ServerResponse): void {
  if (req.method === "GET") return;
  res.setHeader("Allow", "GET, HEAD");
  throw new HttpException({
    message: `The callback must be called by GET, as Discord's redirect does, not by ${req.method}.`,
    code: "method_not_allowed",
    status: 405,
    headers: { Allow: "GET, HEAD" },
  });
}

/** Whether a browser asks for a page, and not a script or an API client for data. */
export function isPageVisit(req: IncomingMessage): boolean {
  const mode = req.headers["sec-fetch-mode"];
  if (mode !== undefined) return mode === "navigate";
  return req.headers["x-requested-with"] === undefined && (req.headers.accept ?? "").includes("text/html");
}

/** @param what as the message names it: "A logout" */
export function postRequired(req: IncomingMessage, res: ServerResponse, what: string): HttpException {
  res.setHeader("Allow", "POST");
  return new HttpException({
    message: `${what} must be sent by POST, not by ${req.method}.`,
    code: "method_not_allowed",
    status: 405,
    headers: { Allow: "POST" },
  });
}

/** Sends the browser on; by GET, whatever it came with. */
export function redirect(res: ServerResponse, url: string): void {
  res.writeHead(302, { Location: url, "Content-Length": "0" });
  res.end();
}
