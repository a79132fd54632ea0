import type { IncomingMessage, ServerResponse } from "node:http";
import type { APIGuild, APIWebhook } from "discord-api-types/v10";
import { digestOf } from "../digest.js";
import { HttpException, type HttpExceptionDetails } from "../errors.js";
import type { GrantRecord, LoginRecord } from "../grants/grant-record.js";
import type { KeyForm } from "../grants/record-keys.js";
import type { Token } from "../grants/token.js";
import type { TokenAnswer } from "../oauth/token-answer.js";
import type { ConnectedLogin, Login, LoginResult, OnLogin, ReplayedLogin, SignedInLogin } from "./login.js";

const GRANT_ID_CHARS = 24;

/** A request that brings a code from Discord. A double click, for example, makes two with the same code. */
export interface Attempt {
  readonly req: IncomingMessage;
  /** The response, if it is known. */
  readonly res: ServerResponse | undefined;
  /** `connection`: connects an account and signs nobody in. `posted`: a client posted the code. */
  readonly kind: "callback" | "connection" | "posted";
  /** The id of the code's grant: a hash of the code and the login it belongs to. Each code is a login of its own. */
  readonly grantId: string;
  /** The login the code belongs to. Several codes may arrive for one login. */
  readonly loginId: string;
  readonly keyForm?: KeyForm | undefined;
  /** The requested scopes. */
  readonly scopes: readonly string[];
  /** The `data` and `returnTo` that the login was started with. */
  readonly data?: unknown;
  readonly returnTo?: string | undefined;
  readonly onLogin: OnLogin | undefined;
  /** Exchanges the code at Discord. @throws TokenRequestRefused, HttpException, RateLimited */
  exchange(): Promise<TokenAnswer>;
  /**
   * Whether this request may use the result of an earlier exchange of the same code. Absent if the login's cookie has
   * proved that it comes from the same browser.
   *
   * @param login the earlier login; `undefined` if its record has none
   * @param sharesExchange whether this request arrived while this process was exchanging the code
   */
  mayRepeat?(login: LoginRecord | undefined, sharesExchange: boolean): boolean;
}

/** An attempt whose turn has come: requests with the same code run one after another. */
export interface Turn extends Attempt {
  /** The record of the login; `undefined` if the app has no store. */
  readonly record: GrantRecord | undefined;
  /** Returns the result to the app before the login is recorded as finished. */
  resolve(result: LoginResult): void;
  /** Resolves when the login is recorded and repeated requests can be answered. */
  over(): Promise<void>;
}

/** The result of a code exchange, from this request or from an earlier one that could not finish. */
export interface Redeemed {
  readonly token: Token;
  readonly guild?: unknown;
  readonly webhook?: unknown;
}

/** Makes the id of a code's grant from everything that distinguishes the code. */
export function grantIdOf(...parts: readonly (string | undefined)[]): string {
  return digestOf(parts.join("\n")).slice(0, GRANT_ID_CHARS);
}

/** Creates the error for a code that signs nobody in. */
export function codeRejected(message: string, details: Partial<HttpExceptionDetails> = {}): HttpException {
  return new HttpException({ ...details, code: "code_rejected", message });
}

/** Creates the error for a login that has ended before it was complete, or before its callback was repeated. */
export function codeEnded(): HttpException {
  return codeRejected(
    "This login has ended: the app refused it, or the visitor has signed out since. Start a new login.",
  );
}

/** Makes the result of a login. */
export function toLogin(
  { kind, data, returnTo }: Pick<Attempt, "kind" | "data" | "returnTo">,
  { token, guild, webhook }: Redeemed,
): Login {
  const login: SignedInLogin = {
    replayed: false,
    data,
    scopes: token.scopes,
    userId: token.userId,
    returnTo,
    guild: guild as APIGuild | undefined,
    webhook: webhook as APIWebhook | undefined,
  };
  if (kind === "callback") return login;
  if (kind === "posted") return withAccessToken(login, token);
  return Object.defineProperty({ ...login, connected: true }, "token", { value: token }) as ConnectedLogin;
}

/** Makes the result of a repeated login. */
export function toReplayedLogin(
  { scopes, userId, returnTo }: Pick<LoginRecord, "scopes" | "userId" | "returnTo">,
  data?: unknown,
): ReplayedLogin {
  return { replayed: true, guild: undefined, webhook: undefined, data, scopes, userId, returnTo };
}

/** Adds the access token, which logging the login does not show. */
export function withAccessToken<Result extends LoginResult>(result: Result, { accessToken }: Token): Result {
  return Object.defineProperty(result, "accessToken", { value: accessToken });
}
