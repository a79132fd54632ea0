import type { IncomingMessage } from "node:http";
import { DeadlinePassed } from "../deadline.js";
import type { HttpException } from "../errors.js";
import { type CallNames, callError, type NamedCall, redactText } from "../rest/call-errors.js";

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
  readonly data?: {
    readonly code?: string;
    readonly isResponseError?: boolean;
    readonly payload?: unknown;
    readonly res?: IncomingMessage;
  } | null;
}

/** A complete answer that is no success. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** The parsed JSON, else the text. */
  readonly body: unknown;
}

/** The complete answer that an error of simple-oauth2 is about, if there is one. */
export function answerIn(error: unknown): ErrorAnswer | undefined {
  const { data } = (error ?? {}) as Failure;
  if (!data?.isResponseError || !data.res) return undefined;
  const { payload } = data;
  const body = Buffer.isBuffer(payload) ? payload.toString() : payload;
  return { status: data.res.statusCode ?? 0, headers: data.res.headers, body };
}

/** Turns whatever simple-oauth2 threw into an error that keeps nothing of the original. */
export function explain(error: unknown, doing: Doing, { secrets }: Pick<NamedCall, "secrets">): Error {
  if (error instanceof DeadlinePassed) return tooSlow(doing);
  const answer = answerIn(error);
  if (!answer) return unavailable(doing, (error as Failure | undefined)?.data?.code ?? "no readable answer");
  const call = callOf(doing);
  const { code, description } = readOAuthError(answer.body, secrets);
  if (code === undefined || answer.status >= 500) return unavailable(doing, `status ${answer.status}`);
  if (code === "invalid_client" || code === "unauthorized_client") {
    const message = `Discord refused this application while ${doing} (${code}): check DISCORD_CLIENT_ID and DISCORD_CLIENT_SECRET.`;
    return callError(call, "client_rejected", 500, message, { error: code, description });
  }
  const isDeadToken = code === "invalid_grant" && doing === "refreshing the token";
  if (isDeadToken || doing === "exchanging the code") return new TokenRequestRefused(code, description);
  const message = `Discord answered ${code} while ${doing}${description ? `: ${description}` : "."}`;
  return callError(call, "discord_error", 502, message, { error: code, description });
}

function readOAuthError(body: unknown, secrets: readonly string[]) {
  const { error, error_description } = (body ?? {}) as Record<string, unknown>;
  const read = (text: unknown, longest: number) =>
    typeof text === "string" ? redactText(text, secrets).slice(0, longest) : undefined;
  return { code: read(error, 100), description: read(error_description, 500) };
}

/** The call by its method and route. */
export function callOf(doing: Doing): CallNames {
  return { method: "POST", route: ROUTE_OF[doing] };
}

/** The request timed out. */
export function tooSlow(doing: Doing): HttpException {
  const advice =
    doing === "exchanging the code" ? "Start the login again" : "Nobody was signed out by this: try again";
  return callError(callOf(doing), "discord_timeout", 504, `Discord took too long ${doing}. ${advice}.`);
}

function unavailable(doing: Doing, reason: string): HttpException {
  const message = `Discord could not be reached, or its answer could not be read, while ${doing} (${reason}). Try again later.`;
  return callError(callOf(doing), "discord_unavailable", 502, message);
}
