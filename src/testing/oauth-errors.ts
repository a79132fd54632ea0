import type { OutgoingHttpHeaders } from "node:http";
import type { Answer } from "./answer.js";

/** The headers of every response of the token endpoint. */
export const TOKEN_HEADERS = { "Cache-Control": "no-store", Pragma: "no-cache" };

/**
 * Creates an OAuth error of the token and revocation endpoints, formatted like Discord's, with spaces after `:` and
 * `,`.
 */
export function oauthError(
  error: string,
  description?: string,
  status = 400,
  headers: OutgoingHttpHeaders = {},
): Answer {
  const members = [`"error": ${JSON.stringify(error)}`];
  if (description !== undefined) members.push(`"error_description": ${JSON.stringify(description)}`);
  const body = `{${members.join(", ")}}`;
  return { status, headers: { "Content-Type": "application/json", ...TOKEN_HEADERS, ...headers }, body };
}

/** The description of `access_denied`, in redirects and to the Embedded App SDK. */
export const CANCELLED = "The resource owner or authorization server denied the request";

/** The description of `invalid_scope`, in redirects and in responses. */
export const INVALID_SCOPE = "The requested scope is invalid, unknown, or malformed.";
