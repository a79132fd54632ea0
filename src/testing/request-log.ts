import type { IncomingHttpHeaders } from "node:http";
import type { Call } from "./call.js";
import type { Credentials } from "./incoming.js";
import { Queue } from "./queue.js";
import { parseRoutePattern, type RoutedRequest, routeKeyOf, routeKeysOf } from "./route-pattern.js";

/** Larger than any message with embeds. Larger bodies contain files. */
const LARGEST_KEPT_BODY = 64 * 1024;

/** A request that the simulator received. */
export interface RecordedRequest extends RoutedRequest {
  readonly method: string;
  /** The percent-decoded path without the query: `/api/v10/users/@me`. */
  readonly path: string;
  /** The path without `/api` and the version: `/users/@me`. */
  readonly apiPath: string;
  /** The template of the route: `/users/:id`; the path for an unknown route. */
  readonly route: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** The scheme of the `Authorization` header. */
  readonly authorization: "Bearer" | "Bot" | "Basic" | undefined;
  /** The token after `Bearer` or `Bot`. */
  readonly token: string | undefined;
  /** The user of the bearer token, code or refresh token in the request, if the simulator knows it. */
  readonly userId: string | undefined;
  /** The form fields, without the files of a multipart request. Also `undefined` for a body larger than 64 KiB. */
  readonly form: Readonly<Record<string, string>> | undefined;
  /** The JSON body. Also `undefined` for a body larger than 64 KiB. */
  readonly json: unknown;
  /** The size of the body in bytes. Also 0 for a body larger than Discord's limit. */
  readonly bodyBytes: number;
  /** When the request arrived, in epoch milliseconds of the simulator's clock. */
  readonly at: number;
  /** The status of the response; `undefined` before it is sent and if there is none. */
  status: number | undefined;
  /** The real time until the response was sent or the connection ended, in milliseconds; `undefined` before that. */
  durationMs: number | undefined;
  /** Whether the connection ended before the whole response was sent, because of the client or a fault. */
  cutShort: boolean;
  /** Whether the response was a 429. */
  refused: boolean;
  /** The kind of the fault in the response, if any. */
  fault: string | undefined;
}

/** Creates the record of a request when it arrives. */
export function toRecord(
  call: Call,
  { scheme, token }: Credentials,
  userId: string | undefined,
  at: number,
): RecordedRequest {
  const { apiPath, bodyBytes, headers, method, path, query, route } = call;
  const body = bodyBytes <= LARGEST_KEPT_BODY ? call.body : undefined;
  return {
    method,
    path,
    apiPath,
    route,
    query,
    headers,
    authorization: scheme,
    token: scheme === "Bearer" || scheme === "Bot" ? token : undefined,
    userId,
    form: body?.kind === "form" || body?.kind === "multipart" ? body.fields : undefined,
    json: body?.kind === "json" ? body.value : undefined,
    bodyBytes,
    at,
    status: undefined,
    durationMs: undefined,
    cutShort: false,
    refused: false,
    fault: undefined,
  };
}

/** The latest requests. Adding one takes constant time, and a lookup reads only requests to its route. */
export class RequestLog {
  readonly #limit: number;
  #all = new Queue<RecordedRequest>();
  readonly #byRoute = new Map<string, Queue<RecordedRequest>>();
  #copy: readonly RecordedRequest[] | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The requests, oldest first. Returns the same array until another request arrives. */
  get requests(): readonly RecordedRequest[] {
    this.#copy ??= this.#all.toArray();
    return this.#copy;
  }

  add(request: RecordedRequest): void {
    this.#copy = undefined;
    this.#all.add(request);
    for (const key of routeKeysOf(request)) {
      const sameRoute = this.#byRoute.get(key) ?? new Queue();
      sameRoute.add(request);
      this.#byRoute.set(key, sameRoute);
    }
    if (this.#all.size > this.#limit) this.#forgetOldest();
  }

  to(route: string): RecordedRequest[] {
    const isMeant = parseRoutePattern(route);
    return this.#byRoute.get(routeKeyOf(route))?.toArray().filter(isMeant) ?? [];
  }

  clear(): void {
    this.#copy = undefined;
    this.#all = new Queue();
    this.#byRoute.clear();
  }

  #forgetOldest(): void {
    const oldest = this.#all.take();
    if (oldest === undefined) return;
    // The oldest request of all is also the oldest one of its routes.
    for (const key of routeKeysOf(oldest)) {
      const sameRoute = this.#byRoute.get(key);
      sameRoute?.take();
      if (sameRoute?.size === 0) this.#byRoute.delete(key);
    }
  }
}
