import { HttpException, RateLimited, type RateLimitScope } from "../errors.js";
import { oneLine } from "../shown.js";
import type { Method } from "./api-request.js";
import type { NoAnswer } from "./exchange.js";

/** A call to Discord, as its errors name it. */
export interface NamedCall {
  readonly method: Method;
  /** Without tokens. */
  readonly route: string;
  readonly scheme: "Bearer" | "Bot";
  readonly token: string;
  /** Kept out of every error: the token, and what else is secret in the request. */
  readonly secrets: readonly string[];
}

/** Far deeper than any answer of Discord's. */
const DEEPEST = 64;
const SENDABLE = /^[\x21-\x7e]+$/;

/** @throws HttpException for a token that no header can carry, or none at all */
export function requireToken(call: NamedCall): void {
  if (SENDABLE.test(call.token)) return;
  if (call.scheme === "Bearer") {
    throw new HttpException({
      ...namesOf(call),
      message: `The access token for ${titleOf(call)} is no token: it is empty, or has characters that no token has.`,
      code: "discord_error",
      status: 401,
    });
  }
  throw call.token === ""
    ? new HttpException({
        ...namesOf(call),
        message: `${titleOf(call)} needs the bot's token: set DISCORD_BOT_TOKEN, or pass botToken.`,
        code: "bot_token_missing",
        status: 500,
      })
    : botTokenRejected(call, "it contains whitespace or characters beyond ASCII, so it was not sent");
}

/** Discord's 401 to the bot. */
export function botTokenRejected(
  call: NamedCall,
  why = "Discord answered 401. Some routes refuse every bot, such as /oauth2/@me",
): HttpException {
  return new HttpException({
    ...namesOf(call),
    message: `The bot's token was refused for ${titleOf(call)}, check DISCORD_BOT_TOKEN: ${why}.`,
    code: "bot_token_rejected",
    status: 500,
  });
}

/** A rate limit, known beforehand or just answered. */
export function rateLimited(
  call: NamedCall,
  retryAfter: number,
  scope: RateLimitScope,
  body?: unknown,
): RateLimited {
  const status = call.scheme === "Bot" ? 429 : 503;
  return new RateLimited({ ...namesOf(call), status, retryAfter, scope, body });
}

/** Nothing usable came back. */
export function unavailable(call: NamedCall, what: string, cause?: Error): HttpException {
  return new HttpException({
    ...namesOf(call),
    message: `${what} (${titleOf(call)}).`,
    code: "discord_unavailable",
    status: 502,
    cause,
  });
}

/** What a call rejects with that got no complete answer. */
export function noAnswer(call: NamedCall, outcome: NoAnswer, timeoutMs: number): HttpException {
  if (outcome.failure === "size")
    return unavailable(call, "Discord's answer is larger than any answer should be");
  if (outcome.failure === "connection") {
    const cause = plainCause(call, outcome.cause);
    return unavailable(call, `The connection to Discord failed: ${cause.message}`, cause);
  }
  return new HttpException({
    ...namesOf(call),
    message: `Discord did not answer ${titleOf(call)} within ${timeoutMs} ms.`,
    code: "discord_timeout",
    status: 504,
  });
}

/** `GET /users/@me` */
export function titleOf({ method, route }: NamedCall): string {
  return `${method} ${route}`;
}

/** For an error's details. */
export function namesOf({ method, route }: NamedCall): { readonly method: string; readonly route: string } {
  return { method, route };
}

/** Every occurrence of the secrets replaced, wherever in the value. What is nested too deep is left out. */
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

/** Every occurrence of the secrets replaced. */
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
