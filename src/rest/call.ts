import type { RequestTrace } from "../telemetry.js";
import { encodeRequest, type PlainRequest, parseMethod, type WireRequest } from "./api-request.js";
import type { Slot } from "./buckets.js";
import type { NamedCall } from "./call-errors.js";
import { parseRoute } from "./route.js";

/** In whose name a call is made. */
export interface Credentials {
  readonly scheme: "Bearer" | "Bot";
  readonly token: string;
  /** Whose rate limits: the id of a user or a grant, or "bot". */
  readonly subject: string;
  /** What else must not be seen: the request hands over the token of somebody else. */
  readonly alsoSecret?: string | undefined;
  /** Whether a client sent the token and may have made it up: such calls cannot use up what others may still send. */
  readonly untrusted?: boolean | undefined;
}

/** A call under way. */
export interface Call extends NamedCall {
  readonly wire: WireRequest;
  readonly signal: AbortSignal | undefined;
  readonly slot: Slot;
  /** The subject, where the credentials are untrusted. */
  readonly untrusted: string | undefined;
  /** What the call has come to so far. */
  readonly trace: RequestTrace;
  /** For requests and their answers; rate limit waits do not take from it. */
  timeLeftMs: number;
}

/** @throws TypeError for what cannot be sent */
export function prepareCall(
  { scheme, token, alsoSecret = "", subject, untrusted }: Credentials,
  given: string,
  request: PlainRequest,
  timeLeftMs: number,
): Call {
  const method = parseMethod(request.method);
  const route = parseRoute(given);
  const { shown, template, major } = route;
  return {
    method,
    route: shown,
    scheme,
    token,
    secrets: [token, alsoSecret],
    wire: encodeRequest(`${scheme} ${token}`, method, route, request),
    signal: request.signal,
    slot: { subject: `${scheme} ${subject}`, route: `${method} ${template}`, major, bucket: undefined },
    untrusted: untrusted ? subject : undefined,
    trace: { method, route: template, subject: scheme === "Bot" ? "bot" : "user", attempts: 0, waitedMs: 0 },
    timeLeftMs,
  };
}
