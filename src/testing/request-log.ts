import type { IncomingHttpHeaders } from "node:http";
import type { Call } from "./call.js";
import type { Credentials } from "./incoming.js";
import { parseRoutePattern, type RoutedRequest } from "./route-pattern.js";

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
  readonly form: Readonly<Record<string, string>> | undefined;
  readonly json: unknown;
  /** Epoch milliseconds at the simulated Discord. */
  readonly at: number;
  /** Undefined while there is no answer, and where there never was one. */
  status: number | undefined;
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
  const { apiPath, body, headers, method, path, query, route } = call;
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
    form: body.kind === "form" ? body.fields : undefined,
    json: body.kind === "json" ? body.value : undefined,
    at,
    status: undefined,
    refused: false,
    fault: undefined,
  };
}

/** The latest requests, oldest first. */
export class RequestLog {
  readonly requests: RecordedRequest[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(request: RecordedRequest): void {
    this.requests.push(request);
    if (this.requests.length > this.#limit) this.requests.shift();
  }

  to(route: string): RecordedRequest[] {
    return this.requests.filter(parseRoutePattern(route));
  }

  clear(): void {
    this.requests.length = 0;
  }
}
