import {
  type ErrorCode,
  HttpException,
  type HttpExceptionDetails,
  RateLimited,
  type RateLimitScope,
} from "../errors.js";
import { oneLine } from "../shown.js";
import type { NoAnswer } from "./round-trip.js";

/** A call to Discord, as its errors name it. */
export interface CallNames {
  readonly method: string;
  /** Without tokens. */
  readonly route: string;
}

/** A call to Discord, with what its errors must not show. */
export interface NamedCall extends CallNames {
  /** Basic: the application itself, at the token endpoint. */
  readonly scheme: "Bearer" | "Bot" | "Basic";
  readonly token: string;
  /** Kept out of every error: the token, and what else is secret in the request. */
  readonly secrets: readonly string[];
}

/** Far deeper than any answer of Discord's. */
const DEEPEST = 64;
const SENDABLE = /^[\x21-\x7e]+$/;

/** An error about a call, which it names. */
export function callError(
  { method, route }: CallNames,
  code: ErrorCode,
  status: number,
  message: string,
  details: Partial<HttpExceptionDetails> = {},
): HttpException {
  return new HttpException({ ...details, method, route, code, status, message });
}

/** @throws HttpException for a missing token, or one that no header can carry */
export function requireToken(call: NamedCall): void {
  if (SENDABLE.test(call.token)) return;
  const title = titleOf(call);
  if (call.scheme === "Bearer") {
    const message = `The access token for ${title} is empty, or has characters that no token has.`;
    throw callError(call, "discord_error", 401, message);
  }
  throw call.token === ""
    ? callError(
        call,
        "bot_token_missing",
        500,
        `${title} needs the bot's token: set DISCORD_BOT_TOKEN, or pass botToken.`,
      )
    : botTokenRejected(call, "it contains whitespace or characters beyond ASCII, so it was not sent");
}

/** Discord's 401 to the bot. */
export function botTokenRejected(
  call: NamedCall,
  why = "Discord answered 401. Some routes refuse every bot, such as /oauth2/@me",
): HttpException {
  const message = `The bot's token was refused for ${titleOf(call)}, check DISCORD_BOT_TOKEN: ${why}.`;
  return callError(call, "bot_token_rejected", 500, message);
}

/** A rate limit, known beforehand or just answered. */
export function rateLimited(
  { method, route, scheme }: NamedCall,
  retryAfter: number,
  scope: RateLimitScope,
  body?: unknown,
): RateLimited {
  return new RateLimited({ method, route, status: scheme === "Bot" ? 429 : 503, retryAfter, scope, body });
}

/** No answer came, or none that can be read. */
export function unavailable(call: CallNames, what: string, cause?: unknown): HttpException {
  return callError(call, "discord_unavailable", 502, `${what} (${titleOf(call)}).`, { cause });
}

/** What a call rejects with that got no complete answer. */
export function noAnswer(call: NamedCall, outcome: NoAnswer, timeoutMs: number): HttpException {
  if (outcome.failure === "size")
    return unavailable(call, "Discord's answer is larger than any answer should be");
  if (outcome.failure === "connection") {
    const cause = plainCause(call, outcome.cause);
    return unavailable(call, `The connection to Discord failed: ${cause.message}`, cause);
  }
  const message = `Discord did not answer ${titleOf(call)} within ${timeoutMs} ms.`;
  return callError(call, "discord_timeout", 504, message);
}

/** `GET /users/@me` */
export function titleOf({ method, route }: CallNames): string {
  return `${method} ${route}`;
}

/** Replaces the secrets wherever they occur in the value. What is nested too deep is left out. */
export function redact(value: unknown, secrets: readonly string[], depth = 0): unknown {
  if (typeof value === "string") return redactText(value, secrets);
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEEPEST) return "[too deep]";
  const redactPart = (part: unknown) => redact(part, secrets, depth + 1);
  if (Array.isArray(value)) return value.map(redactPart);
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [redactText(key, secrets), redactPart(part)]),
  );
}

/** Replaces the secrets wherever they occur in the text. */
export function redactText(text: string, secrets: readonly string[]): string {
  return secrets.reduce(
    (left, secret) => (secret === "" ? left : left.replaceAll(secret, "[redacted]")),
    text,
  );
}

/** Message and code alone: the HTTP client's errors carry sockets, and may carry what was received. */
function plainCause({ secrets }: NamedCall, cause: Error & { readonly code?: unknown }): Error {
  // One for each address that was tried.
  const { message } = cause instanceof AggregateError ? (cause.errors[0] as Error) : cause;
  const plain = new Error(oneLine(redactText(message, secrets)));
  return cause.code === undefined ? plain : Object.assign(plain, { code: cause.code });
}
