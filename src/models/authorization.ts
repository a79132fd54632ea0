import type { RESTGetAPIOAuth2CurrentAuthorizationResult } from "discord-api-types/v10";
import { isRecord } from "../check-options.js";
import { frozenCopy } from "./model.js";
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

/**
 * @returns a frozen object, because it is cached and shared
 * @throws TypeError when the payload is not of the documented shape
 */
export function readAuthorization(input: unknown): Authorization {
  const payload = frozenCopy((input ?? {}) as RESTGetAPIOAuth2CurrentAuthorizationResult);
  const { application, scopes, expires, user } = payload as Partial<typeof payload>;
  const expiresAt = new Date(expires ?? "").getTime();
  if (!isRecord(application) || !Array.isArray(scopes) || Number.isNaN(expiresAt)) {
    throw new TypeError("An authorization must have an application, a list of scopes and a date of expiry.");
  }
  return Object.freeze({
    applicationId: String(application.id),
    scopes,
    // A date cannot be frozen.
    get expires() {
      return new Date(expiresAt);
    },
    user: isRecord(user) ? User.from(user) : undefined,
    payload,
  });
}
