import type { AdmittedCall } from "./admission.js";
import { type ApiRequest, encodeRequest, type WireRequest } from "./api-request.js";
import { parseRoute } from "./route.js";

/** The credentials of a call. */
export interface Credentials {
  readonly scheme: "Bearer" | "Bot";
  readonly token: string;
  /** The owner of the rate limits: the id of a user or a grant, or "bot". */
  readonly subject: string;
  /** A further secret in the request, such as a user's token in a bot's request. */
  readonly alsoSecret?: string | undefined;
  /** Whether a client sent the token and may have made it up. */
  readonly untrusted?: boolean | undefined;
  /** The most calls of this kind a second, to leave room within Discord's limit on all calls of a bot. */
  readonly mostPaced?: number | undefined;
}

/** A call to Discord's API. */
export interface Call extends AdmittedCall {
  readonly wire: WireRequest;
}

/** The most attempts of one call, even if its waits are short. */
const MAX_ATTEMPTS = 5;

/** @throws TypeError for a call that cannot be sent */
export async function prepareCall(
  { scheme, token, alsoSecret = "", subject, untrusted, mostPaced }: Credentials,
  input: string,
  request: ApiRequest,
  timeLeftMs: number,
): Promise<Call> {
  const route = parseRoute(input);
  const { shown, template, tokens, major } = route;
  const wire = await encodeRequest(`${scheme} ${token}`, route, request);
  const { method } = wire;
  return {
    method,
    route: shown,
    scheme,
    token,
    secrets: [token, alsoSecret, ...tokens],
    wire,
    signal: request.signal,
    slot: { subject: `${scheme} ${subject}`, route: `${method} ${template}`, major, bucket: undefined },
    standing: untrusted ? "untrusted" : "ordinary",
    trace: { method, route: template, subject: scheme === "Bot" ? "bot" : "user", attempts: 0, waitedMs: 0 },
    mostPaced,
    // The token of a webhook or an interaction authorizes a call by itself.
    isBotCall: scheme === "Bot" && tokens.length === 0,
    maxAttempts: MAX_ATTEMPTS,
    timeLeftMs,
  };
}
