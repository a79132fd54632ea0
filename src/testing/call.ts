import type { IncomingHttpHeaders } from "node:http";
import type { AccessToken } from "./authorizations.js";
import type { Body } from "./body.js";
import type { RoutedRequest } from "./route-pattern.js";

/** Whom a request comes from, by its `Authorization` header. */
export type Caller =
  | { readonly kind: "nobody" }
  | { readonly kind: "bot" }
  | { readonly kind: "user"; readonly token: AccessToken };

/** A variable part of the path. */
export interface PathId {
  /** As an error calls it, such as `guild_id`. */
  readonly field: string;
  readonly value: string;
  /** Whether it may be any text. Otherwise it has to be a snowflake. */
  readonly isText: boolean;
}

/** A request that was understood. */
export interface Call extends RoutedRequest {
  readonly method: string;
  readonly isApi: boolean;
  /** Percent-decoded, without the query. */
  readonly path: string;
  readonly apiPath: string;
  /** Whether the path cannot be decoded. */
  readonly isMalformed: boolean;
  readonly route: string;
  /** Of the API; 6 where the path names none. */
  readonly version: number;
  /** The query as sent, with its question mark. */
  readonly search: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
  readonly bodyBytes: number;
  readonly caller: Caller;
  readonly ids: readonly PathId[];
  /** Where it comes from. */
  readonly address: string;
}
