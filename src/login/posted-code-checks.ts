import type { IncomingMessage } from "node:http";
import type { Config } from "../config.js";
import { HttpException } from "../errors.js";
import type { CodeOptions } from "../options.js";

const CODE = /^[\x21-\x7e]{1,2048}$/;
/** RFC 7636, 4.1. */
const VERIFIER = /^[\w.~-]{43,128}$/;
/** Without a fragment: `\x23` is "#". */
const REDIRECT_URI = /^[a-z][a-z\d+.-]*:[\x21\x22\x24-\x7e]{1,2000}$/i;

/**
 * Refuses requests from pages of other sites, which could sign the visitor in to an attacker's account (login CSRF).
 * Other sites can send forms, but need the app's permission (CORS) to send JSON, and browsers send the origin of every
 * POST.
 */
export function requireOwnClient({ headers }: IncomingMessage, config: Config): void {
  if (!/^application\/json\s*(?:;|$)/i.test(headers["content-type"] ?? ""))
    throw crossSite(
      "is not JSON, so any site could have sent it as a form. Send the code with Content-Type: application/json.",
    );
  const { clientId, redirectUri, origins } = config;
  const activityOrigin = `https://${clientId}.discordsays.com`;
  const { origin } = headers;
  // Native apps send no origin.
  if (origin === undefined || [new URL(redirectUri).origin, activityOrigin, ...origins].includes(origin))
    return;
  throw crossSite(
    "comes from a page of another origin. If that page is yours, add its origin to the option origins of DiscordOAuth2Session.",
  );
}

/** @throws HttpException code_malformed */
export function requirePostedCode({ code, codeVerifier, redirectUri }: CodeOptions): void {
  if (!matches(code, CODE))
    throw malformed(
      "code",
      "the code that Discord gave to the client. If it is missing, the client posts it under another name, or a route of your own lacks express.json()",
    );
  if (codeVerifier !== undefined && !matches(codeVerifier, VERIFIER))
    throw malformed("codeVerifier", "43 to 128 letters, digits, or characters of -._~ (RFC 7636)");
  if (redirectUri !== undefined && !(matches(redirectUri, REDIRECT_URI) && URL.canParse(redirectUri)))
    throw malformed(
      "redirectUri",
      "the redirect URI the client sent to Discord, such as discord-123:/authorize/callback",
    );
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value);
}

function crossSite(why: string): HttpException {
  return new HttpException({
    message: `This sign-in request ${why}`,
    code: "cross_site_request",
  });
}

function malformed(name: string, expected: string): HttpException {
  return new HttpException({
    message: `The ${name} of this sign-in must be ${expected}.`,
    code: "code_malformed",
  });
}
