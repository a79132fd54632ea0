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

/** What Discord's edge adds to every API response that has passed through it. */
const API_HEADERS: OutgoingHttpHeaders = {
  Via: "1.1 google",
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": EXPOSED.join(", "),
};

/** Answers the question a browser asks before it lets a page of another origin call the API. */
export const PREFLIGHT_ANSWER: Answer = {
  status: 204,
  headers: {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Audit-Log-Reason",
    "Access-Control-Max-Age": 86_400,
  },
};

/** The headers of an answer as they leave Discord. What the edge answers by itself has no `Via`. */
export function headersAtEdge({ headers, isFromEdge }: Answer, isApi: boolean): OutgoingHttpHeaders {
  return isApi && !isFromEdge ? { ...API_HEADERS, ...headers } : headers;
}

/** Whether a path belongs to the API. */
export function isApiPath(path: string): boolean {
  return path.startsWith("/api/");
}
