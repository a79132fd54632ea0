import { oneLine, shown } from "./shown.js";

/** The status of each `code`. Errors that pass on a response of Discord may have another status. */
const STATUS_OF = {
  access_denied: 403,
  account_mismatch: 403,
  authorization_failed: 400,
  banned_from_guild: 403,
  body_aborted: 400,
  body_parsed: 500,
  body_too_large: 413,
  bot_token_missing: 500,
  bot_token_rejected: 500,
  callback_malformed: 400,
  client_rejected: 500,
  code_malformed: 400,
  code_rejected: 400,
  cross_site_request: 403,
  data_too_large: 400,
  discord_error: 502,
  discord_timeout: 504,
  discord_unavailable: 502,
  flow_expired: 400,
  flow_invalid: 400,
  flow_unknown: 400,
  forbidden: 403,
  grant_ended: 401,
  guild_limit_reached: 400,
  init_missing: 500,
  invalid_return_to: 400,
  invalid_snowflake: 400,
  issuer_mismatch: 400,
  lock_failed: 503,
  login_loop: 500,
  method_not_allowed: 405,
  missing_scopes: 403,
  not_signed_in: 401,
  rate_limited: 503,
  session_missing: 500,
  signature_invalid: 401,
  store_failed: 503,
  too_many_guilds: 500,
  user_token_rejected: 403,
} as const;

/** The stable, machine-readable cause of an error. */
export type ErrorCode = keyof typeof STATUS_OF;

/** Every `code` of this library's errors, one for each cause. */
export const ERROR_CODES = Object.keys(STATUS_OF) as [ErrorCode, ...ErrorCode[]];

const BRAND = Symbol.for("express-discord.error");

/** The argument of the constructor of {@link HttpException}. */
export interface HttpExceptionDetails {
  readonly message: string;
  readonly code: ErrorCode;
  /** Default: the usual status of the code. */
  readonly status?: number | undefined;
  /** Headers for the response, such as `Retry-After` or `Allow`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly cause?: unknown;
  readonly error?: string | undefined;
  readonly description?: string | undefined;
  readonly discordCode?: number | undefined;
  readonly body?: unknown;
  readonly method?: string | undefined;
  readonly route?: string | undefined;
}

/**
 * A sign-in or a call to Discord failed. The base of all error classes of this library. `code` names the cause.
 * `status` is the status that Express answers with, and so do frameworks that support `http-errors`.
 *
 * Control characters in texts from visitors and Discord become spaces, so they cannot forge log lines.
 *
 * `instanceof` works across an ESM and a CommonJS copy of the package in one process.
 */
export class HttpException extends Error {
  static readonly [BRAND]: string = "HttpException";

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    if (!Object.hasOwn(this, BRAND) || !isBranded(value)) return false;
    return this[BRAND] === "HttpException" || this[BRAND] === value.name;
  }

  override readonly name: string = "HttpException";
  /** The machine-readable cause, stable across versions. */
  readonly code: ErrorCode;
  /** The HTTP status of the response to the visitor. */
  readonly status: number;
  /** The same as `status`, for frameworks that support `http-errors`. */
  readonly statusCode: number;
  /** Whether the message may be shown to the visitor: `true` for statuses below 500, as in `http-errors`. */
  readonly expose: boolean;
  /** Headers for the response, such as `Retry-After`. Express's default error handler sends them. */
  declare readonly headers?: Readonly<Record<string, string>>;
  /** The `error` parameter of an OAuth response (RFC 6749, 4.1.2.1 and 5.2). */
  declare readonly error?: string;
  /** The `error_description` parameter of an OAuth response. */
  declare readonly description?: string;
  /** Discord's own JSON error code, such as 10004 for an unknown guild. */
  declare readonly discordCode?: number;
  /** The body of Discord's response: the parsed JSON, or the text if it is not JSON. */
  declare readonly body?: unknown;
  /** The method of the call to Discord. */
  declare readonly method?: string;
  /** The route of the call to Discord, below `/api/v10`. */
  declare readonly route?: string;
  /** From `addToGuild` with `evenIfMember`, for a member: the roles added before the error. */
  declare readonly appliedRoles?: readonly string[];

  constructor({ message, code, status = STATUS_OF[code], cause, ...answer }: HttpExceptionDetails) {
    super(oneLine(message), cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.statusCode = status;
    this.expose = status < 500;
    for (const [name, value] of Object.entries(answer)) {
      const isText = typeof value === "string" && name !== "body";
      if (value !== undefined) Object.assign(this, { [name]: isText ? oneLine(value) : value });
    }
  }

  get [BRAND](): true {
    return true;
  }
}

function isBranded(value: unknown): value is { name: unknown } {
  return typeof value === "object" && value !== null && BRAND in value && "name" in value;
}

/** Nobody is signed in (`not_signed_in`), or Discord has ended the sign-in (`grant_ended`). Status 401. */
export class Unauthorized extends HttpException {
  static override readonly [BRAND] = "Unauthorized";
  override readonly name = "Unauthorized";
}

/** The argument of the constructor of {@link AccessDenied}. */
export interface AccessDeniedDetails extends HttpExceptionDetails {
  readonly prompt?: boolean | undefined;
}

/** The visitor pressed Cancel on Discord's page (`access_denied`). Status 403. */
export class AccessDenied extends HttpException {
  static override readonly [BRAND] = "AccessDenied";
  override readonly name = "AccessDenied";
  /** The option `prompt` of the login. After `false`, do not redirect to the login again: it could loop. */
  readonly prompt: boolean;

  constructor({ prompt = true, ...details }: AccessDeniedDetails) {
    super(details);
    this.prompt = prompt;
  }
}

/** A guard refused the request, or the bot is not in the guild that it should look into (`forbidden`). Status 403. */
export class Forbidden extends HttpException {
  static override readonly [BRAND] = "Forbidden";
  override readonly name = "Forbidden";

  constructor(message: string) {
    super({ message, code: "forbidden" });
  }
}

/** The visitor has not granted a required scope (`missing_scopes`). Status 403. */
export class MissingScopes extends HttpException {
  static override readonly [BRAND] = "MissingScopes";
  override readonly name = "MissingScopes";
  /** The missing scopes. To ask for them: `createSession(req, res, { scopes, incremental: true })`. */
  readonly scopes: readonly string[];

  constructor(scopes: readonly string[], what: string) {
    super({
      message: `${what} needs the scope ${scopes.join(" ")}, which the visitor has not granted. To ask for it: createSession(req, res, { scopes: [...], incremental: true }).`,
      code: "missing_scopes",
    });
    this.scopes = scopes;
  }
}

/** Creates a TypeError with status 400, for invalid input that may come from a visitor. */
export function badInput(code: ErrorCode, message: string): TypeError {
  return Object.assign(new TypeError(oneLine(message)), { code, status: 400, statusCode: 400, expose: true });
}

/** The argument of the constructor of {@link RateLimited}. */
export interface RateLimitedDetails extends Omit<HttpExceptionDetails, "code" | "message" | "headers"> {
  readonly retryAfter: number;
  readonly scope: RateLimitScope;
}

/**
 * What a rate limit applies to. `user`: one route of a user or the bot. `global`: every route of a user or the bot,
 * or every call of this process. `shared`: a resource that other applications use too.
 */
export type RateLimitScope = "user" | "global" | "shared";

/**
 * A rate limit of Discord is reached (`rate_limited`). Either Discord answered 429, or the limit was known before
 * the call was sent. Status 503; 429 for calls as the bot.
 *
 * @see https://docs.discord.com/developers/topics/rate-limits
 */
export class RateLimited extends HttpException {
  static override readonly [BRAND] = "RateLimited";
  override readonly name = "RateLimited";
  /** Seconds until the next call can succeed. */
  readonly retryAfter: number;
  /** What the limit applies to. */
  readonly scope: RateLimitScope;

  constructor({ retryAfter, scope, ...details }: RateLimitedDetails) {
    super({
      ...details,
      message: `Discord's rate limit (${scope}) is reached for ${details.method} ${details.route}. Try again in ${retryAfter} s.`,
      code: "rate_limited",
      headers: { "Retry-After": String(Math.ceil(retryAfter)) },
    });
    this.retryAfter = retryAfter;
    this.scope = scope;
  }

  /** Whether the limit applies to every route, not only to this one. */
  get isGlobal(): boolean {
    return this.scope === "global";
  }
}

/**
 * Makes an error of anything else that an app's function has thrown. Express would continue with the next handler for
 * `next(undefined)` and `next("route")`, so that a guard would let the request pass.
 */
export function toError(thrown: unknown): object {
  return typeof thrown === "object" && thrown !== null
    ? thrown
    : new TypeError(`A function of this app threw ${shown(thrown)}. Throw an Error instead.`, {
        cause: thrown,
      });
}
