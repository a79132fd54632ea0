import type { IncomingMessage } from "node:http";
import { DeadlinePassed } from "../deadline.js";
import { HttpException, RateLimited } from "../errors.js";
import { redactText } from "../rest/call-errors.js";
import { type Refusal, readRefusal } from "../rest/rate-limits.js";

const ROUTE_OF = {
  "exchanging the code": "/oauth2/token",
  "refreshing the token": "/oauth2/token",
  "asking for a client credentials token": "/oauth2/token",
  "revoking the token": "/oauth2/token/revoke",
} as const;

/** What the token endpoint is asked for. */
export type Doing = keyof typeof ROUTE_OF;

/** The token endpoint refused a code or a refresh token (RFC 6749, 5.2): `invalid_grant` for a dead one. */
export class TokenRequestRefused extends Error {
  override readonly name = "TokenRequestRefused";

  readonly error: string;
  readonly description: string | undefined;

  constructor(error: string, description: string | undefined) {
    super(`Discord's token endpoint answered ${error}.`);
    this.error = error;
    this.description = description;
  }
}

/** The parts of a Boom error that are read; the rest of it holds the client secret. */
interface Failure {
  readonly output?: { readonly statusCode?: number };
  readonly data?: {
    readonly code?: string;
    readonly isResponseError?: boolean;
    readonly payload?: unknown;
    readonly res?: IncomingMessage;
  } | null;
}

/** The complete answer that an error is about, if there is one. */
export function answerIn(
  error: unknown,
): { readonly res: IncomingMessage; readonly payload?: unknown } | undefined {
  const { data } = (error ?? {}) as Failure;
  return data?.isResponseError && data.res ? { res: data.res, payload: data.payload } : undefined;
}

/** Turns whatever simple-oauth2 threw into an error that keeps nothing of the original. */
export function explain(error: unknown, doing: Doing, secrets: readonly string[]): Error {
  const call = callOf(doing);
  if (error instanceof DeadlinePassed) return tooSlow(doing);

  const { output, data } = (error ?? {}) as Failure;
  const answer = answerIn(error);
  if (!answer) {
    const timedOut = output?.statusCode === 504 || output?.statusCode === 408;
    return timedOut ? tooSlow(doing) : unavailable(doing, data?.code ?? "no readable answer", call);
  }

  const status = answer.res.statusCode ?? 0;
  if (status === 429) return rateLimited(doing, readRefusal(answer.res.headers, answer.payload));
  const { error: code, description } = readOAuthError(answer.payload, secrets);
  if (code === undefined || status >= 500) return unavailable(doing, `status ${status}`, call);
  if (code === "invalid_client" || code === "unauthorized_client") {
    return new HttpException({
      ...call,
      message: `Discord refused this application while ${doing} (${code}): check DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET.`,
      code: "client_rejected",
      status: 500,
      error: code,
      description,
    });
  }
  const isDeadToken = code === "invalid_grant" && doing === "refreshing the token";
  if (isDeadToken || doing === "exchanging the code") return new TokenRequestRefused(code, description);
  return new HttpException({
    ...call,
    message: `Discord answered ${code} while ${doing}${description ? `: ${description}` : "."}`,
    code: "discord_error",
    status: 502,
    error: code,
    description,
  });
}

function readOAuthError(payload: unknown, secrets: readonly string[]) {
  const { error, error_description } = (payload ?? {}) as Record<string, unknown>;
  const read = (text: unknown, longest: number) =>
    typeof text === "string" ? redactText(text, secrets).slice(0, longest) : undefined;
  return { error: read(error, 100), description: read(error_description, 500) };
}

/** The token endpoint is not to be asked for now. */
export function rateLimited(
  doing: Doing,
  { retryAfterS, scope }: Pick<Refusal, "retryAfterS" | "scope">,
): RateLimited {
  return new RateLimited({
    ...callOf(doing),
    status: 503,
    retryAfter: retryAfterS,
    scope,
  });
}

interface Call {
  readonly method: string;
  readonly route: string;
}

/** The call by its method and route. */
export function callOf(doing: Doing): Call {
  return { method: "POST", route: ROUTE_OF[doing] };
}

/** Nobody waits any longer for what has been asked. */
export function tooSlow(doing: Doing): HttpException {
  return new HttpException({
    ...callOf(doing),
    message: `Discord took too long ${doing}. ${doing === "exchanging the code" ? "Start the login again" : "Nobody was signed out by this: try again"}.`,
    code: "discord_timeout",
    status: 504,
  });
}

function unavailable(doing: Doing, reason: string, call: Call): HttpException {
  return new HttpException({
    ...call,
    message: `Discord could not be reached, or did not answer sensibly, ${doing} (${reason}). Try again later.`,
    code: "discord_unavailable",
    status: 502,
  });
}
