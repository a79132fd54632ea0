import type { OutgoingHttpHeaders } from "node:http";
import { type Answer, json } from "./answer.js";

/** Headers of every answer of the token endpoint. */
export const TOKEN_HEADERS = { "Cache-Control": "no-store", Pragma: "no-cache" };

/** An error of the token and revocation endpoints: OAuth's words, and a space after colon and comma. */
export function oauthError(
  error: string,
  description?: string,
  status = 400,
  headers: OutgoingHttpHeaders = {},
): Answer {
  const members = [`"error": ${JSON.stringify(error)}`];
  if (description !== undefined) members.push(`"error_description": ${JSON.stringify(description)}`);
  const answer = json(status, null, { ...TOKEN_HEADERS, ...headers });
  return { ...answer, body: `{${members.join(", ")}}` };
}

/** What `invalid_scope` says, in redirects and in answers. */
export const INVALID_SCOPE = "The requested scope is invalid, unknown, or malformed.";
