import type { IncomingMessage } from "node:http";
import { DeadlinePassed } from "../deadline.js";
import { HttpException } from "../errors.js";
import { type CallNames, callError, type NamedCall, redactText } from "../rest/call-errors.js";

const ROUTE_OF = {
  "exchanging the code": "/oauth2/token",
  "refreshing the token": "/oauth2/token",
  "requesting a client credentials token": "/oauth2/token",
  "revoking the token": "/oauth2/token/revoke",
} as const;

/** A request to the token endpoint, as messages name it. */
export type Doing = keyof typeof ROUTE_OF;

/** The token endpoint rejected a code or a refresh token, usually because it is no longer valid (RFC 6749, 5.2). */
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

/** The parts of a Boom error that are read. The rest of it contains the client secret. */
interface Failure {
  readonly data?: {
    readonly code?: string;
    readonly isResponseError?: boolean;
    readonly payload?: unknown;
    readonly res?: IncomingMessage;
  } | null;
}

/**
 * Returns the complete response behind an error of simple-oauth2, if there is one. Its body is the parsed JSON, or the
 * text if it is not JSON.
 */
export function answerIn(error: unknown) {
  const { data } = (error ?? {}) as Failure;
  if (!data?.isResponseError || !data.res) return undefined;
  const { payload } = data;
  const body = Buffer.isBuffer(payload) ? payload.toString() : payload;
  return { status: data.res.statusCode ?? 0, headers: data.res.headers, body };
}

/** Converts an error of simple-oauth2, without keeping a reference to it: it contains secrets. */
export function explain(error: unknown, doing: Doing, { secrets }: Pick<NamedCall, "secrets">): Error {
  if (error instanceof HttpException) return error;
  if (error instanceof DeadlinePassed) return tooSlow(doing);
  if (isMissingModule(error)) return unavailable(doing, error.message, error);
  const answer = answerIn(error);
  if (!answer)
    return unavailable(doing, (error as Failure | undefined)?.data?.code ?? "no readable response");
  const call = callOf(doing);
  const { code, description } = readOAuthError(answer.body, secrets);
  if (code === undefined || answer.status >= 500) return unavailable(doing, `status ${answer.status}`);
  if (code === "invalid_client" || code === "unauthorized_client") {
    const message = `Discord rejected this application while ${doing} (${code}). Check DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET.`;
    return callError(call, "client_rejected", message, { error: code, description });
  }
  const isTokenRejected = code === "invalid_grant" && doing === "refreshing the token";
  if (isTokenRejected || doing === "exchanging the code") return new TokenRequestRefused(code, description);
  const message = `Discord answered ${code} while ${doing}${description ? `: ${description}` : "."}`;
  return callError(call, "discord_error", message, { error: code, description });
}

function readOAuthError(body: unknown, secrets: readonly string[]) {
  const { error, error_description } = (body ?? {}) as Record<string, unknown>;
  const read = (text: unknown, longest: number) =>
    typeof text === "string" ? redactText(text, secrets).slice(0, longest) : undefined;
  return { code: read(error, 100), description: read(error_description, 500) };
}

/** Returns the method and route of a request to the token endpoint. */
export function callOf(doing: Doing): CallNames {
  return { method: "POST", route: ROUTE_OF[doing] };
}

/** The request timed out. */
export function tooSlow(doing: Doing): HttpException {
  const advice =
    doing === "exchanging the code" ? "Start the login again" : "Nobody was signed out. Try again";
  return callError(callOf(doing), "discord_timeout", `Discord took too long ${doing}. ${advice}.`);
}

/** Whether a bundler or a deployment left out a package or a chunk, which is loaded on first use. */
function isMissingModule(error: unknown): error is Error {
  return error instanceof Error && "code" in error && /^(?:ERR_)?MODULE_NOT_FOUND$/.test(String(error.code));
}

function unavailable(doing: Doing, reason: string, cause?: Error): HttpException {
  const message = `Discord could not be reached, or its response could not be read, while ${doing} (${reason}). Try again later.`;
  return callError(callOf(doing), "discord_unavailable", message, { cause });
}
