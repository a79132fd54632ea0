import type { IncomingMessage, ServerResponse } from "node:http";
import type { Request } from "express";
import { isRequest, optionsChecker, uncalled } from "./check-options.js";
import { Forbidden, HttpException } from "./errors.js";
import type { GuildMember } from "./models/guild-member.js";
import { BOOLEAN, DURATION, isScope, meantScopes, oneOf, SOME_IDS } from "./option-kinds.js";
import { SOME_PERMISSIONS } from "./permission-kinds.js";
import { type PermissionResolvable, Permissions } from "./permissions.js";
import { meantScope, requireGranted, type Scope } from "./scopes.js";
import { type DiscordOAuth2Session, SETTING } from "./session.js";
import { shown } from "./shown.js";
import { isSnowflake } from "./snowflake.js";

/**
 * A middleware that says nothing about the types of route parameters, bodies and locals, so that Express infers them as
 * if it were not there.
 */
export type Guard = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

/** How old the proof may be that the sign-in still holds at Discord. */
export interface AuthorizationOptions {
  /** Milliseconds, 0 or more. */
  readonly maxAgeMs: number;
}

/** What {@link requiresAuthorization} is: a guard as it stands, and one that asks Discord with `with`. */
// Behind an intersection of types instead of this interface, Express would not infer the route's parameters.
export interface AuthorizationGuard extends Guard {
  /**
   * A guard that asks Discord whether the sign-in still holds there.
   *
   * @throws TypeError at once, without a `maxAgeMs` that is a number
   * @throws Unauthorized, RateLimited, HttpException; all through `next`
   */
  with(options: AuthorizationOptions): Guard;
}

/** A guild id, as Express types a route parameter. */
export type GuildId = string | readonly string[] | undefined;

/** What {@link requiresGuild} asks for beyond being in the guild. What is given must ask for something. */
export interface GuildRequirements {
  /** All of these, which owners and administrators always have. */
  readonly permissions?: PermissionResolvable;
  /** Being the guild's owner. */
  readonly owner?: boolean;
  /** One of these roles, by id. Needs the scope `guilds.members.read`. */
  readonly roles?: readonly string[];
  /** How old Discord's answer may be, in milliseconds. Default 60,000. */
  readonly maxAgeMs?: number;
  /** `"bot"`: the bot looks the visitor up, who needs to grant no more than `identify`. It must be in the guild. */
  readonly as?: "bot";
}

/**
 * Forbids `undefined` as the value of a property and properties that `Shape` does not have, also where TypeScript's
 * `exactOptionalPropertyTypes` is off.
 */
export type Exactly<Shape, Given> = {
  readonly [Name in keyof Given]: Name extends keyof Shape ? Exclude<Given[Name], undefined> : never;
};

type Check = (req: Request) => Promise<unknown>;

const DEFAULT_MAX_AGE_MS = 60_000;

const NONE: GuildRequirements = {};

const authorizationOptions = optionsChecker<AuthorizationOptions>({
  of: "requiresAuthorization.with",
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
 * Lets signed-in visitors pass. Discord is asked only where an expired token has to be refreshed.
 *
 * `requiresAuthorization.with({ maxAgeMs })` is for pages that must know of a removal of the app at Discord: it asks there,
 * at most that often.
 *
 * @throws Unauthorized, HttpException (when it cannot be found out now); both through `next`
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
 * Lets signed-in visitors pass who have granted all these scopes.
 *
 * @throws TypeError at once, without a scope and for what is none
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
 * Lets members of a guild pass, by the list of their guilds (scope `guilds`).
 *
 * @param guildId the id, or how to find it: `(req) => req.params.guildId`
 * @param requirements what else they must have. It is a TypeError to give something that asks for nothing: a name that does
 * not exist, `undefined`, an empty list
 * @throws TypeError at once
 * @throws Forbidden, also for what is no id; Unauthorized, MissingScopes, RateLimited, HttpException; all through `next`
 */
export function requiresGuild<Given extends GuildRequirements>(
  guildId: string | ((req: Request) => GuildId),
  ...requirements: [] | [Given & Exactly<GuildRequirements, Given>]
): Guard {
  requireGuildId(guildId);
  const {
    permissions,
    owner,
    roles,
    as,
    maxAgeMs = DEFAULT_MAX_AGE_MS,
  } = requirements.length === 0 ? NONE : guildRequirements(requirements[0]);
  const needed = permissions === undefined ? undefined : new Permissions(permissions);
  const oneOf = roles && [...roles];
  return guard("requiresGuild", async (req) => {
    const discord = discordOf(req);
    const id = typeof guildId === "function" ? guildId(req) : guildId;
    if (!isSnowflake(id)) throw new Forbidden(`No guild has the id ${shown(id)}.`);

    const visitor = await (as === "bot" ? visitorAsBot : visitorInList)(discord, req, id, maxAgeMs);
    if (!visitor) throw new Forbidden("The visitor is not in this guild.");
    if (owner && !visitor.isOwner) throw new Forbidden("The visitor does not own this guild.");
    if (needed !== undefined && !visitor.can(needed)) {
      throw new Forbidden("The visitor lacks a permission in this guild.");
    }
    if (oneOf) {
      const member = await visitor.member();
      if (!oneOf.some((role) => member?.hasRole(role)))
        throw new Forbidden("The visitor lacks a role in this guild.");
    }
  });
}

/** Who a visitor is in a guild. */
interface GuildVisitor {
  readonly isOwner: boolean;
  can(permissions: Permissions): boolean;
  member(): Promise<GuildMember | undefined>;
}

async function visitorInList(
  discord: DiscordOAuth2Session,
  req: Request,
  guildId: string,
  maxAgeMs: number,
): Promise<GuildVisitor | undefined> {
  const guild = (await discord.fetchGuilds(req, { maxAgeMs })).find((one) => one.id === guildId);
  return (
    guild && {
      isOwner: guild.isOwner,
      can: (permissions) => guild.can(permissions),
      member: () => unlessMissing(discord.fetchMember(req, guildId, { maxAgeMs })),
    }
  );
}

async function visitorAsBot(
  discord: DiscordOAuth2Session,
  req: Request,
  guildId: string,
  maxAgeMs: number,
): Promise<GuildVisitor | undefined> {
  const membership = await unlessMissing(discord.membershipAsBot(req, guildId, { maxAgeMs }));
  return (
    membership && {
      isOwner: membership.isOwner,
      can: (permissions) => membership.member.permissions?.has(permissions) ?? false,
      member: async () => membership.member,
    }
  );
}

/** @throws TypeError */
function requireScopeNames(scopes: readonly unknown[]): readonly string[] {
  const [first] = scopes;
  if (scopes.length > 0 && scopes.every(isScope)) {
    const meant = meantScopes(scopes);
    if (meant === undefined) return [...scopes];
    throw new TypeError(
      `requiresScopes: Discord has no scope ${scopes.filter(meantScope).join(" and ")}: ${meant}`,
    );
  }
  if (isRequest(first)) throw new TypeError(uncalled("requiresScopes"));
  if (scopes.length === 0)
    throw new TypeError(
      'requiresScopes: name at least one scope, as in requiresScopes("guilds"). For every signed-in visitor use requiresAuthorization.',
    );
  throw new TypeError(
    Array.isArray(first)
      ? 'requiresScopes: write the scopes one after the other, not as a list: requiresScopes("identify", "guilds").'
      : `requiresScopes: a scope must be a string such as "guilds", not ${shown(scopes.find((scope) => !isScope(scope)))}.`,
  );
}

/** @throws TypeError */
function requireGuildId(guildId: unknown): void {
  if (typeof guildId === "function" || isSnowflake(guildId)) return;
  throw new TypeError(
    isRequest(guildId)
      ? uncalled("requiresGuild")
      : `requiresGuild: the first argument must be a guild's id as a string, such as "80351110224678912", or a function such as (req) => req.params.guildId, not ${shown(guildId)}.`,
  );
}

/** @returns nothing for a member who does not exist */
async function unlessMissing<T>(fetching: Promise<T>): Promise<T | undefined> {
  try {
    return await fetching;
  } catch (error) {
    if (error instanceof HttpException && error.status === 404) return undefined;
    throw error;
  }
}

/** The instance that serves the app of this request. @throws HttpException init_missing */
export function discordOf(req: Request): DiscordOAuth2Session {
  const discord = findDiscord(req);
  if (discord) return discord;
  throw new HttpException({
    message: (req as Partial<Request>).app
      ? "This app has no DiscordOAuth2Session: call new DiscordOAuth2Session(app) or discord.init(app), with the app that this route belongs to."
      : "This request did not come through an Express app, so no DiscordOAuth2Session can be found for it. Ask the instance itself: await discord.isAuthorized(req).",
    code: "init_missing",
    status: 500,
  });
}

/** The instance that serves the app of this request, where there is one. */
export function findDiscord(req: Request): DiscordOAuth2Session | undefined {
  const discord: Partial<DiscordOAuth2Session> | undefined = (req as Partial<Request>).app?.get(SETTING);
  // By a method: an application may hold both an ESM and a CommonJS copy of the class.
  return discord?.grantedScopes && (discord as DiscordOAuth2Session);
}

function guard(name: string, check: Check): Guard {
  const middleware: Guard = (req, _res, next) => {
    if (typeof next !== "function") throw new TypeError(calledByHand(name));
    check(req as Request).then(() => next(), next);
  };
  return Object.defineProperty(middleware, "name", { value: name });
}

/** For a guard that somebody has called instead of passing it on. */
export function calledByHand(name: string): string {
  return name === "requiresAuthorization"
    ? "requiresAuthorization is a middleware: pass it on without calling it, as in app.get(path, requiresAuthorization, handler). For options write requiresAuthorization.with({ maxAgeMs }); inside a handler, await discord.isAuthorized(req)."
    : `${name}(...) makes a middleware: pass it on, as in app.get(path, ${name}(...), handler), and let Express call it.`;
}
