import type { IncomingHttpHeaders } from "node:http";
import type { AccessToken } from "./authorizations.js";
import type { Body } from "./body.js";
import type { Target } from "./incoming.js";
import type { RoutedRequest } from "./route-pattern.js";

/** The caller of a request, by its `Authorization` header. */
export type Caller =
  | { readonly kind: "nobody" }
  | { readonly kind: "bot" }
  | { readonly kind: "user"; readonly token: AccessToken };

/** The value of a placeholder in the path. */
export interface PathId {
  /** The name in errors, such as `guild_id`. */
  readonly field: string;
  readonly value: string;
  /** Whether any text is allowed. If not, it must be a snowflake. */
  readonly isText: boolean;
}

/** A parsed request. */
export interface Call extends RoutedRequest, Target {
  readonly headers: IncomingHttpHeaders;
  readonly body: Body;
  readonly bodyBytes: number;
  readonly caller: Caller;
  readonly ids: readonly PathId[];
  /** The client's IP address. */
  readonly address: string;
}
