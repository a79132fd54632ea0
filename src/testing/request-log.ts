import type { IncomingHttpHeaders } from "node:http";
import type { Call } from "./call.js";
import type { Credentials } from "./incoming.js";
import { Queue } from "./queue.js";
import { parseRoutePattern, type RoutedRequest, routeKeyOf, routeKeysOf } from "./route-pattern.js";

/** Larger than any message with embeds: what exceeds it are files. */
const LARGEST_KEPT_BODY = 64 * 1024;

/** A request the simulator has seen. */
export interface RecordedRequest extends RoutedRequest {
  readonly method: string;
  /** Percent-decoded, without the query: `/api/v10/users/@me`. */
  readonly path: string;
  /** The same without `/api` and the version: `/users/@me`. */
  readonly apiPath: string;
  /** The template of the route: `/users/:id`; the path, where there is no such route. */
  readonly route: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** The scheme of the `Authorization` header. */
  readonly authorization: "Bearer" | "Bot" | "Basic" | undefined;
  /** What follows `Bearer` or `Bot`. */
  readonly token: string | undefined;
  /** Whose bearer token, code or refresh token it carried, if that is known to Discord. */
  readonly userId: string | undefined;
  /** Of a multipart request without its files. Undefined also for a body of more than 64 KiB. */
  readonly form: Readonly<Record<string, string>> | undefined;
  /** Undefined also for a body of more than 64 KiB. */
  readonly json: unknown;
  /** Size of the body in bytes; 0 also for one that is larger than Discord takes. */
  readonly bodyBytes: number;
  /** Epoch milliseconds at the simulated Discord. */
  readonly at: number;
  /** Undefined while there is no answer, and where there never was one. */
  status: number | undefined;
  /** Until the answer was sent or the connection ended, in milliseconds of real time; undefined before. */
  durationMs: number | undefined;
  /** Whether the connection ended before the whole answer was sent: the client left, or a fault did it. */
  cutShort: boolean;
  /** Whether it was answered 429. */
  refused: boolean;
  /** The kind of the fault that hit it. */
  fault: string | undefined;
}

/** What is noted of a request when it comes in. */
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

/** The latest requests. Adding one costs the same however many are kept; a lookup reads only what it may find. */
export class RequestLog {
  readonly #limit: number;
  #all = new Queue<RecordedRequest>();
  readonly #byRoute = new Map<string, Queue<RecordedRequest>>();
  #copy: readonly RecordedRequest[] | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Oldest first. The same array until another request comes in. */
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
    // The oldest request of all is the oldest one of its routes, too.
    for (const key of routeKeysOf(oldest)) {
      const sameRoute = this.#byRoute.get(key);
      sameRoute?.take();
      if (sameRoute?.size === 0) this.#byRoute.delete(key);
    }
  }
}
