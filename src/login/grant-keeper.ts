import type { IncomingMessage } from "node:http";
import type { GrantPlace, Token } from "../grants/grant.js";

/** Where logins put what they have got: the instance, whose methods an app may have overridden. */
export interface GrantKeeper {
  /** The place that the session of this request points to. */
  placeOf(req: IncomingMessage): GrantPlace;
  /** The record of a grant, where grants can be found by their id. */
  record(req: IncomingMessage, grantId: string): GrantPlace | undefined;
  create(req: IncomingMessage, token: Token): Promise<void>;
  save(req: IncomingMessage, token: Token): Promise<void>;
}
