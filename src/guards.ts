import type { IncomingMessage, ServerResponse } from "node:http";
import type { Request, Response } from "express";
import { SETTING } from "./call-arguments.js";
import { optionsChecker, requireCalled } from "./check-options.js";
import { Forbidden, HttpException, toError } from "./errors.js";
import { BOOLEAN, DURATION, isScope, meantScopes, oneOf, SOME_IDS } from "./option-kinds.js";
import { type PermissionResolvable, Permissions, SOME_PERMISSIONS } from "./permissions.js";
import { meantScope, requireGranted, type Scope } from "./scopes.js";
import type { DiscordOAuth2Session } from "./session.js";
import { shown } from "./shown.js";
import { isSnowflake } from "./snowflake.js";
import type { FetchOptions } from "./users/loading-cache.js";

/**
 * A middleware. Its type does not mention route parameters, bodies and locals, so Express still infers them for the
 * handlers after it.
 */
export type Guard = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

/** Options of `requiresAuthorization.with`. */
export interface AuthorizationOptions {
  /** The maximum age of Discord's confirmation of the sign-in, in milliseconds; 0 or more. */
  readonly maxAgeMs: number;
}

/** The type of {@link requiresAuthorization}: a guard, with a method that creates a stricter one. */
// An interface, because Express does not infer route parameters behind an intersection type.
export interface AuthorizationGuard extends Guard {
  /**
   * Creates a guard that asks Discord whether the sign-in is still valid.
   *
   * @throws TypeError immediately, for a missing or invalid `maxAgeMs`
   * @throws Unauthorized, RateLimited, HttpException; all through `next`
   */
  with(options: AuthorizationOptions): Guard;
}

/** A guild id, as Express types a route parameter. */
export type GuildId = string | readonly string[] | undefined;

/** Requirements of {@link requiresGuild}, besides membership in the guild. The visitor must meet all of them. */
export interface GuildRequirements {
  /** The visitor must have all of these permissions. Owners and administrators have every permission. */
  readonly permissions?: PermissionResolvable;
  /** `true`: the visitor must own the guild. */
  readonly owner?: boolean;
  /** The visitor must have at least one of these roles, by id. Needs the scope `guilds.members.read`. */
  readonly roles?: readonly string[];
  /** The maximum age of Discord's cached response, in milliseconds. Default: 60,000. */
  readonly maxAgeMs?: number;
  /**
   * `"bot"`: looks the visitor up as the bot, which must be in the guild. The visitor only needs the scope
   * `identify`.
   */
  readonly as?: "bot";
}

/**
 * Forbids properties that are `undefined` and properties that `Shape` does not have, even without TypeScript's
 * `exactOptionalPropertyTypes`.
 */
export type Exactly<Shape, Given> = {
  readonly [Name in keyof Given]: Name extends keyof Shape ? Exclude<Given[Name], undefined> : never;
};

const DEFAULT_MAX_AGE_MS = 60_000;

const authorizationOptions = optionsChecker<AuthorizationOptions>({
  of: "requiresAuthorization.with",
  makesMiddleware: true,
  example: "{ maxAgeMs: 60_000 }",
  kinds: { maxAgeMs: DURATION },
  required: ["maxAgeMs"],
  areRequirements: true,
});

const guildRequirements = optionsChecker<GuildRequirements>({
  of: "requiresGuild",
  example: '{ permissions: "MANAGE_GUILD" }',
  kinds: {
    permissions: SOME_PERMISSIONS,
    owner: BOOLEAN,
    roles: SOME_IDS,
    maxAgeMs: DURATION,
    as: oneOf("bot"),
  },
  areRequirements: true,
});

/**
 * A guard for signed-in visitors. It calls Discord only to refresh a token.
 *
 * `requiresAuthorization.with({ maxAgeMs })` also detects that the user has removed the app in Discord. It asks
 * Discord if the last confirmation is older than `maxAgeMs`.
 *
 * @throws Unauthorized, HttpException (the store or Discord failed); both through `next`
 */
export const requiresAuthorization: AuthorizationGuard = Object.assign(
  guard("requiresAuthorization", async (req) => discordOf(req).grantedScopes(req)),
  {
    with(options: AuthorizationOptions) {
      const { maxAgeMs } = authorizationOptions(options);
      return guard("requiresAuthorization", async (req) =>
        discordOf(req).fetchAuthorization(req, { maxAgeMs }),
      );
    },
  },
);

/**
 * Creates a guard for signed-in visitors who have granted all of these scopes.
 *
 * @throws TypeError immediately, without a scope or for an invalid one
 * @throws Unauthorized, MissingScopes, HttpException; all through `next`
 */
export function requiresScopes(...scopes: readonly Scope[]): Guard {
  const needed = requireScopeNames(scopes);
  return guard("requiresScopes", async (req) => {
    requireGranted(
      await discordOf(req).grantedScopes(req),
      needed,
      `${req.method} ${req.originalUrl.split("?")[0]}`,
    );
  });
}

/**
 * Creates a guard for members of a guild. It reads the list of the visitor's guilds, which needs the scope
 * `guilds`.
 *
 * @param guildId the guild's id, or a function that returns it: `(req) => req.params.guildId`. It may return a promise
 * @param requirements what else the visitor needs in the guild. Requirements that would require nothing are errors:
 * unknown names, `undefined`, empty lists
 * @throws TypeError immediately, for an invalid id or invalid requirements
 * @throws Forbidden when the visitor does not meet the requirements, or the function returns no valid id
 * @throws Unauthorized, MissingScopes, RateLimited, HttpException; all but the TypeError through `next`
 */
export function requiresGuild<Given extends GuildRequirements>(
  guildId: string | ((req: Request) => GuildId | Promise<GuildId>),
  ...requirements: [] | [Given & Exactly<GuildRequirements, Given>]
): Guard {
  requireGuildId(guildId);
  if (requirements.length > 1)
    throw new TypeError("requiresGuild: pass all requirements as one object, the second argument.");
  const {
    permissions,
    owner,
    roles,
    as,
    maxAgeMs = DEFAULT_MAX_AGE_MS,
  } = requirements.length === 0 ? {} : guildRequirements(requirements[0]);
  const needed = permissions === undefined ? undefined : new Permissions(permissions);
  const oneOf = roles && [...roles];
  return guard("requiresGuild", async (req) => {
    const discord = discordOf(req);
    const id = typeof guildId === "function" ? await guildId(req) : guildId;
    if (id === undefined)
      throw new Forbidden(
        "This request names no guild: the function passed to requiresGuild returned undefined. Check the name of the route's parameter. A nested router sees it only with Router({ mergeParams: true }).",
      );
    if (!isSnowflake(id)) throw new Forbidden(`No guild has the id ${shown(id)}.`);

    const visitor = await visitorOf(discord, req, id, as, { maxAgeMs });
    if (!visitor) throw new Forbidden("The visitor is not in this guild.");
    if (owner && !visitor.isOwner) throw new Forbidden("The visitor does not own this guild.");
    if (needed !== undefined && !visitor.isOwner && !visitor.permissions?.has(needed))
      throw new Forbidden("The visitor lacks a permission in this guild.");
    if (oneOf) {
      const member = await visitor.member();
      if (!oneOf.some((role) => member?.hasRole(role)))
        throw new Forbidden("The visitor lacks a role in this guild.");
    }
  });
}

/** @returns the visitor's standing in a guild; `undefined` if they are not in it */
async function visitorOf(
  discord: DiscordOAuth2Session,
  req: Request,
  guildId: string,
  as: "bot" | undefined,
  maxAge: FetchOptions,
) {
  if (as === "bot") {
    const membership = await unlessMissing(discord.membershipAsBot(req, guildId, maxAge));
    if (!membership) return undefined;
    const { member, isOwner } = membership;
    return { isOwner, permissions: member.permissions, member: async () => member };
  }
  const guild = (await discord.fetchGuilds(req, maxAge)).find(({ id }) => id === guildId);
  const member = () => unlessMissing(discord.fetchMember(req, guildId, maxAge));
  return guild && { isOwner: guild.isOwner, permissions: guild.permissions, member };
}

/** @throws TypeError */
function requireScopeNames(scopes: readonly unknown[]): readonly string[] {
  const [first] = scopes;
  requireCalled("requiresScopes", first);
  if (scopes.length === 0)
    throw new TypeError(
      'requiresScopes: pass at least one scope, as in requiresScopes("guilds"). To require only a sign-in, use requiresAuthorization.',
    );
  if (Array.isArray(first))
    throw new TypeError(
      'requiresScopes: pass the scopes as separate arguments, not as a list: requiresScopes("identify", "guilds").',
    );
  if (!scopes.every(isScope)) {
    const wrong = scopes.find((scope) => !isScope(scope));
    throw new TypeError(`requiresScopes: a scope must be a string such as "guilds", not ${shown(wrong)}.`);
  }
  const meant = meantScopes(scopes);
  if (meant === undefined) return [...scopes];
  const unknown = scopes.filter(meantScope).join(" and ");
  throw new TypeError(`requiresScopes: Discord has no scope ${unknown}: ${meant}`);
}

/** @throws TypeError */
function requireGuildId(guildId: unknown): void {
  requireCalled("requiresGuild", guildId);
  if (typeof guildId === "function" || isSnowflake(guildId)) return;
  throw new TypeError(
    `requiresGuild: the first argument must be a guild's id as a string, such as "80351110224678912", or a function such as (req) => req.params.guildId, not ${shown(guildId)}.`,
  );
}

/** @returns `undefined` if Discord answers 404: the user is not a member */
async function unlessMissing<T>(fetching: Promise<T>): Promise<T | undefined> {
  try {
    return await fetching;
  } catch (error) {
    if (error instanceof HttpException && error.status === 404) return undefined;
    throw error;
  }
}

/** Returns the instance of this request's app. @throws HttpException init_missing */
export function discordOf(req: Request): DiscordOAuth2Session {
  const discord: Partial<DiscordOAuth2Session> | undefined = (req as Partial<Request>).app?.get(SETTING);
  // Not instanceof: an application may load both an ESM and a CommonJS copy of the class.
  if (discord?.grantedScopes) return discord as DiscordOAuth2Session;
  throw new HttpException({
    message: (req as Partial<Request>).app
      ? "This app has no DiscordOAuth2Session: call new DiscordOAuth2Session(app) or discord.init(app) with the app this route belongs to."
      : "This request did not come through an Express app, so its DiscordOAuth2Session cannot be found. Call a method of the instance instead: await discord.isAuthorized(req).",
    code: "init_missing",
  });
}

/** Creates a middleware that waits for a check and passes its error to `next`. */
export function guard(name: string, check: (req: Request, res: Response) => Promise<unknown>): Guard {
  const middleware: Guard = (req, res, next) => {
    if (typeof next !== "function") throw new TypeError(calledByHand(name));
    check(req as Request, res as Response).then(
      () => next(),
      (error: unknown) => next(toError(error)),
    );
  };
  return Object.defineProperty(middleware, "name", { value: name });
}

/** The message for a guard that was called directly instead of being passed to Express. */
function calledByHand(name: string): string {
  return name === "requiresAuthorization"
    ? "requiresAuthorization is a middleware: pass it to Express without calling it, as in app.get(path, requiresAuthorization, handler). To set options, use requiresAuthorization.with({ maxAgeMs }). Inside a handler, use await discord.isAuthorized(req)."
    : `${name}(...) returns a middleware: pass it to Express, as in app.get(path, ${name}(...), handler), instead of calling it.`;
}
