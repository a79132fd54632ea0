import {
  type ErrorCode,
  HttpException,
  type HttpExceptionDetails,
  RateLimited,
  type RateLimitScope,
} from "../errors.js";
import { isVisibleAscii } from "../option-kinds.js";
import { oneLine } from "../shown.js";
import type { NoAnswer } from "./round-trip.js";

/** The method and route of a call, as errors show them. */
export interface CallNames {
  readonly method: string;
  /** The route, with placeholders instead of tokens. */
  readonly route: string;
}

/** A call to Discord, with the secrets its errors must not show. */
export interface NamedCall extends CallNames {
  /** `Basic` is the application itself, at the token endpoint. */
  readonly scheme: "Bearer" | "Bot" | "Basic";
  readonly token: string;
  /** Redacted in every error: the token and other secrets in the request. */
  readonly secrets: readonly string[];
}

/** Much deeper than any response of Discord. */
const DEEPEST = 64;

/** Creates an error with the method and route of a call. */
export function callError(
  { method, route }: CallNames,
  code: ErrorCode,
  message: string,
  details: Partial<HttpExceptionDetails> = {},
): HttpException {
  return new HttpException({ ...details, method, route, code, message });
}

/** @throws HttpException for a missing token, or one that cannot be sent in a header */
export function requireToken(call: NamedCall): void {
  if (isVisibleAscii(call.token)) return;
  const title = titleOf(call);
  if (call.scheme === "Bot") {
    const message = `${title} needs the bot's token: set DISCORD_BOT_TOKEN or pass botToken.`;
    throw callError(call, "bot_token_missing", message);
  }
  const message = `The access token for ${title} is empty or contains characters that are not allowed in tokens.`;
  throw callError(call, "discord_error", message, { status: 401 });
}

/** The error for a bot token that Discord rejected with 401. */
export function botTokenRejected(call: NamedCall): HttpException {
  const message = `The bot's token was rejected for ${titleOf(call)}. Check DISCORD_BOT_TOKEN. Some routes, such as /oauth2/@me, refuse every bot.`;
  return callError(call, "bot_token_rejected", message);
}

/** The error for a rate limit, either from a response of 429 or known before the call was sent. */
export function rateLimited(
  { method, route, scheme }: NamedCall,
  retryAfter: number,
  scope: RateLimitScope,
  body?: unknown,
): RateLimited {
  return new RateLimited({ method, route, status: scheme === "Bot" ? 429 : 503, retryAfter, scope, body });
}

/** The error for a call without a readable response. */
export function unavailable(call: CallNames, what: string, cause?: unknown): HttpException {
  return callError(call, "discord_unavailable", `${what} (${titleOf(call)}).`, { cause });
}

/** The error for a call without a complete response. */
export function noAnswer(call: NamedCall, outcome: NoAnswer, timeoutMs: number): HttpException {
  if (outcome.failure === "size") return unavailable(call, "Discord's response is larger than 8 MiB");
  if (outcome.failure === "connection") {
    const cause = plainCause(call, outcome.cause);
    return unavailable(call, `The connection to Discord failed: ${cause.message}`, cause);
  }
  const message = `Discord did not answer ${titleOf(call)} within ${timeoutMs} ms.`;
  return callError(call, "discord_timeout", message);
}

/** `GET /users/@me` */
export function titleOf({ method, route }: CallNames): string {
  return `${method} ${route}`;
}

/** Replaces the secrets in all strings of a value. Omits what is nested more than 64 levels deep. */
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

/** Replaces the secrets in a text. */
export function redactText(text: string, secrets: readonly string[]): string {
  return secrets.reduce((left, secret) => (secret ? left.replaceAll(secret, "[redacted]") : left), text);
}

/** Copies only the message and the code: errors of the HTTP client reference sockets and may contain received data. */
function plainCause({ secrets }: NamedCall, cause: Error & { readonly code?: unknown }): Error {
  // An AggregateError has one error for each IP address that was tried.
  const { message } = cause instanceof AggregateError ? (cause.errors[0] as Error) : cause;
  const plain = new Error(oneLine(redactText(message, secrets)));
  return cause.code === undefined ? plain : Object.assign(plain, { code: cause.code });
}
