import { validateHeaderValue } from "node:http";
import { hasMethods, optionsChecker } from "../check-options.js";
import { ANYTHING, RECORD, STRING } from "../option-kinds.js";
import { kindOf, shown, shownName } from "../shown.js";
import { USER_AGENT } from "../version.js";
import type { Route } from "./route.js";

/** Query parameters. An array repeats its key; `undefined` omits it. */
export type Query = Readonly<
  Record<string, string | number | bigint | boolean | undefined | readonly (string | number | bigint)[]>
>;

/** The options of one call to Discord's API. */
export interface ApiRequest {
  /** GET, HEAD, POST, PUT, PATCH or DELETE. Default: GET. */
  readonly method?: string | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent unchanged; a `FormData` is sent as `multipart/form-data`. Not together with `json`. */
  readonly body?: string | Uint8Array | FormData | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly query?: Query | undefined;
  /** The reason shown in the guild's audit log. */
  readonly reason?: string | undefined;
  /** Aborts the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** @throws TypeError */
export const apiRequest = optionsChecker<ApiRequest>({
  of: "A request to Discord",
  example: '{ method: "POST", json: { ... } }',
  kinds: {
    method: STRING,
    json: ANYTHING,
    body: ANYTHING,
    headers: RECORD,
    query: RECORD,
    reason: STRING,
    signal: {
      wanted: "an AbortSignal",
      accepts: (value) => hasMethods(value, "throwIfAborted", "addEventListener"),
    },
  },
  aliases: { data: "json", params: "query", searchparams: "query", payload: "json" },
});

/** An encoded request, which can be sent again in a retry. */
export type WireRequest = Awaited<ReturnType<typeof encodeRequest>>;

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

type Method = (typeof METHODS)[number];

/** Headers set by this library or the HTTP client. */
const RESERVED_HEADERS = new Set(
  `authorization connection content-length expect host keep-alive proxy-authorization proxy-connection te trailer
  transfer-encoding upgrade user-agent`.split(/\s+/),
);

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/** @throws TypeError for a request that cannot be sent */
export async function encodeRequest(authorization: string, route: Route, request: ApiRequest) {
  const method = parseMethod(request.method);
  const headers: Record<string, string> = { authorization, "user-agent": USER_AGENT };
  if (request.reason !== undefined) headers["x-audit-log-reason"] = encoded(request.reason);
  addHeaders(headers, request.headers ?? {});
  const body = await encodeBody(method, request, headers);
  return { method, path: withQuery(route.path, request.query), headers, body };
}

function parseMethod(input = "GET"): Method {
  const method = METHODS.find((one) => one === input.toUpperCase());
  if (method !== undefined) return method;
  throw new TypeError(`The method must be one of ${METHODS.join(", ")}, not ${shown(input)}.`);
}

/** @param headers receives the type of the body */
async function encodeBody(
  method: Method,
  { json, body }: ApiRequest,
  headers: Record<string, string>,
): Promise<string | Uint8Array | null> {
  if (json === undefined && body === undefined) return null;
  if (json !== undefined && body !== undefined) throw new TypeError("Pass either json or body, not both.");
  if (method === "GET" || method === "HEAD")
    throw new TypeError(`A ${method} request has no body: set a method such as POST.`);
  if (body === undefined) {
    const text: unknown = JSON.stringify(json);
    if (typeof text !== "string") throw new TypeError(`json must be a JSON value, not ${shown(json)}.`);
    headers["content-type"] ??= "application/json";
    return text;
  }
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  if (!(body instanceof FormData))
    throw new TypeError(
      `body must be a string, a Uint8Array or a FormData, not ${shown(body)}. To send an object, use json.`,
    );
  const form = new Response(body);
  headers["content-type"] = String(form.headers.get("content-type"));
  return new Uint8Array(await form.arrayBuffer());
}

function addHeaders(headers: Record<string, string>, own: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(own)) {
    const name = key.toLowerCase();
    if (RESERVED_HEADERS.has(name))
      throw new TypeError(`The header ${key} is set by this library: leave it out.`);
    if (!HEADER_NAME.test(name)) throw new TypeError(`${shown(key)} is not a valid header name.`);
    if (typeof value === "object")
      throw new TypeError(`The header ${key} must be a string, not ${kindOf(value)}.`);
    validateHeaderValue(name, value);
    headers[name] = value;
  }
}

function withQuery(path: string, query: Query | undefined): string {
  if (query === undefined) return path;
  const pairs = Object.entries(query).flatMap(([key, input]) =>
    [input]
      .flat()
      .filter((value) => value !== undefined && value !== null)
      .map((value) => `${encoded(key)}=${encoded(textOf(key, value))}`),
  );
  if (pairs.length === 0) return path;
  return `${path}${path.includes("?") ? "&" : "?"}${pairs.join("&")}`;
}

/** @throws TypeError for a value that would become text such as `[object Promise]` */
function textOf(key: string, value: unknown): string {
  if (!["object", "function", "symbol"].includes(typeof value)) return String(value);
  throw new TypeError(
    `The query parameter ${shownName(key)} must be a string, number, bigint or boolean, not ${kindOf(value)}.`,
  );
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
