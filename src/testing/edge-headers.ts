import type { OutgoingHttpHeaders } from "node:http";
import type { Answer } from "./answer.js";

const EXPOSED = [
  "Retry-After",
  "X-RateLimit-Bucket",
  "X-RateLimit-Global",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "X-RateLimit-Reset-After",
  "X-RateLimit-Scope",
];

/** The headers that Cloudflare adds to every API response. */
const API_HEADERS: OutgoingHttpHeaders = {
  Via: "1.1 google",
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": EXPOSED.join(", "),
};

/** Answers a CORS preflight request. */
export const PREFLIGHT_ANSWER: Answer = {
  status: 204,
  headers: {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Audit-Log-Reason",
    "Access-Control-Max-Age": 86_400,
  },
};

/**
 * Returns the final headers of a response. Responses of Cloudflare itself have no `Via`. Of a name in two spellings, as
 * `Content-Type` and a test's own `content-type`, the later one is sent.
 */
export function headersAtEdge({ headers, isFromEdge }: Answer, isApi: boolean): OutgoingHttpHeaders {
  const all = isApi && !isFromEdge ? { ...API_HEADERS, ...headers } : headers;
  const byName = new Map(Object.entries(all).map((header) => [header[0].toLowerCase(), header]));
  return Object.fromEntries(byName.values());
}

/** Whether a path belongs to the API. */
export function isApiPath(path: string): boolean {
  return path.startsWith("/api/");
}
