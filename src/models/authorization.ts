import type { RESTGetAPIOAuth2CurrentAuthorizationResult } from "discord-api-types/v10";
import { isRecord } from "../check-options.js";
import { User } from "./user.js";

/** The current authorization of a sign-in, as returned by Discord. */
export interface Authorization {
  readonly applicationId: string;
  readonly scopes: readonly string[];
  /** When the access token expires. */
  readonly expires: Date;
  /** The signed-in user; `undefined` without the scope `identify`. */
  readonly user: User | undefined;
  /** The payload that Discord sent. */
  readonly payload: Readonly<RESTGetAPIOAuth2CurrentAuthorizationResult>;
}

/** @throws TypeError when the payload is not of the documented shape */
export function readAuthorization(payload: unknown): Authorization {
  const { application, scopes, expires, user } = (payload ??
    {}) as Partial<RESTGetAPIOAuth2CurrentAuthorizationResult>;
  const date = new Date(expires ?? "");
  if (!isRecord(application) || !Array.isArray(scopes) || Number.isNaN(date.getTime())) {
    throw new TypeError("An authorization must have an application, a list of scopes and a date of expiry.");
  }
  return {
    applicationId: String(application.id),
    scopes,
    expires: date,
    user: isRecord(user) ? User.from(user) : undefined,
    payload: payload as RESTGetAPIOAuth2CurrentAuthorizationResult,
  };
}
