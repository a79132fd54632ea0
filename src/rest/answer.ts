import { isRecord } from "../check-options.js";
import type { HttpException } from "../errors.js";
import { type CallNames, callError, type NamedCall, redact, titleOf, unavailable } from "./call-errors.js";
import type { Answer } from "./round-trip.js";

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/i;
const HTML_TYPE = /^text\/html\b/i;
const LONGEST_MESSAGE = 300;

/**
 * Returns the value of a complete response: parsed JSON, text, a `Uint8Array` for other content types, or
 * `undefined` if it is empty.
 *
 * @throws HttpException for every status other than 2xx
 */
export function readAnswer(call: NamedCall, answer: Answer): unknown {
  const { status } = answer;
  if (status >= 200 && status < 300) return readValue(call, answer);
  if (status >= 500) throw unavailable(call, `Discord answered ${status}`);
  if (status >= 300 && status < 400) throw unavailable(call, `Discord answered with a redirect (${status})`);
  throw refusal(call, answer);
}

/** Runs a parser of a response. @throws HttpException `discord_unavailable` when it throws */
export function parseAnswer<T>(call: CallNames, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw unavailable(call, "Discord's response does not have the documented shape", cause);
  }
}

/** Returns the parsed JSON of a response, or its text if it is not JSON. */
export function readBody({ body }: Answer): unknown {
  const text = body.toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function readValue(call: NamedCall, { status, headers, body }: Answer): unknown {
  if (status === 204 || call.method === "HEAD") return undefined;
  const type = String(headers["content-type"] ?? "");
  if (JSON_TYPE.test(type)) {
    try {
      return JSON.parse(body.toString());
    } catch {
      throw unavailable(call, `Discord's response (${status}) is not valid JSON`);
    }
  }
  if (body.length === 0) return undefined;
  // The API never sends HTML: a proxy or a captive portal does.
  if (HTML_TYPE.test(type)) throw unavailable(call, `Discord's response (${status}) is a web page`);
  return type === "" || type.startsWith("text/") ? body.toString() : new Uint8Array(body);
}

function refusal(call: NamedCall, answer: Answer): HttpException {
  const body = redact(readBody(answer), call.secrets);
  const { message, code } = isRecord(body) ? body : {};
  const reason = typeof message === "string" ? `: ${message.slice(0, LONGEST_MESSAGE)}` : "";
  const discordCode = typeof code === "number" ? code : undefined;
  const summary = `Discord answered ${titleOf(call)} with ${answer.status}${reason}${discordCode ? ` (${discordCode})` : ""}`;
  return callError(call, "discord_error", summary, {
    status: answer.status,
    discordCode,
    body: body === "" ? undefined : body,
  });
}
