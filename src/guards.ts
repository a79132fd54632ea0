import type { IncomingMessage, ServerResponse } from "node:http";
import type { Request } from "express";
import { Forbidden, HttpException } from "./errors.js";
import type { GuildMember } from "./models/guild-member.js";
import { type PermissionResolvable, Permissions } from "./permissions.js";
import { requireGranted } from "./scopes.js";
import { type DiscordOAuth2Session, SETTING } from "./session.js";
import { isSnowflake } from "./snowflake.js";

/**
 * A middleware that says nothing about the types of route parameters, bodies and locals, so that Express infers them as
 * if it were not there.
 */
export type Guard = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

/** How old the proof may be that the sign-in still holds at Discord. */
export interface AuthorizationOptions {
  /** Milliseconds. */
  readonly maxAgeMs: number;
}

/** What {@link requiresAuthorization} is: a guard as it stands, and one that asks Discord with `with`. */
// Behind an intersection of types instead of this interface, Express would not infer the route's parameters.
export interface AuthorizationGuard extends Guard {
  /**
   * A guard that asks Discord whether the sign-in still holds there.
   *
   * @throws Unauthorized, RateLimited, HttpException; all through `next`
   */
  with(options: AuthorizationOptions): Guard;
}

/** A guild id, as Express types a route parameter. */
export type GuildId = string | readonly string[] | undefined;

/** What {@link requiresGuild} asks for beyond being in the guild. */
export interface GuildRequirements {
  /** All of these, which owners and administrators always have. */
  readonly permissions?: PermissionResolvable | undefined;
  /** Being the guild's owner. */
  readonly owner?: boolean | undefined;
  /** One of these roles, by id. Needs the scope `guilds.members.read`. */
  readonly roles?: readonly string[] | undefined;
  /** How old Discord's answer may be, in milliseconds. Default 60,000. */
  readonly maxAgeMs?: number | undefined;
}

type Check = (discord: DiscordOAuth2Session, req: Request) => Promise<unknown>;

const DEFAULT_MAX_AGE_MS = 60_000;

/**
 * Lets signed-in visitors pass. Discord is asked only where an expired token has to be refreshed.
 *
 * `requiresAuthorization.with({ maxAgeMs })` is for pages that must know of a removal of the app at Discord: it asks there,
 * at most that often.
 *
 * @throws Unauthorized, HttpException (when it cannot be found out now); both through `next`
 */
export const requiresAuthorization: AuthorizationGuard = Object.assign(
  guard("requiresAuthorization", (discord, req) => discord.grantedScopes(req)),
  {
    with: (options: AuthorizationOptions) =>
      guard("requiresAuthorization", (discord, req) => discord.fetchAuthorization(req, options)),
  },
);

/**
 * Lets signed-in visitors pass who have granted all these scopes.
 *
 * @throws Unauthorized, MissingScopes, HttpException; all through `next`
 */
export function requiresScopes(...scopes: readonly string[]): Guard {
  return guard("requiresScopes", async (discord, req) => {
    requireGranted(
      await discord.grantedScopes(req),
      scopes,
      `${req.method} ${req.originalUrl.split("?")[0]}`,
    );
  });
}

/**
 * Lets members of a guild pass, by the list of their guilds (scope `guilds`).
 *
 * @param guildId the id, or how to find it: `(req) => req.params.guildId`
 * @throws TypeError at once, for a permission that does not exist
 * @throws Forbidden, also for what is no id; Unauthorized, MissingScopes, RateLimited, HttpException; all through `next`
 */
export function requiresGuild(
  guildId: string | ((req: Request) => GuildId),
  requirements: GuildRequirements = {},
): Guard {
  const { permissions, owner, roles, maxAgeMs = DEFAULT_MAX_AGE_MS } = requirements;
  const wanted = permissions === undefined ? undefined : new Permissions(permissions);
  return guard("requiresGuild", async (discord, req) => {
    const id = typeof guildId === "function" ? guildId(req) : guildId;
    if (!isSnowflake(id)) throw new Forbidden("This is no guild's id.");

    const guild = (await discord.fetchGuilds(req, { maxAgeMs })).find((one) => one.id === id);
    if (!guild) throw new Forbidden("The visitor is not in this guild.");
    if (owner && !guild.isOwner) throw new Forbidden("The visitor does not own this guild.");
    if (wanted !== undefined && !guild.can(wanted)) {
      throw new Forbidden("The visitor lacks a permission in this guild.");
    }
    if (roles) {
      const member = await memberOf(discord.fetchMember(req, id, { maxAgeMs }));
      if (!roles.some((role) => member?.hasRole(role)))
        throw new Forbidden("The visitor lacks a role in this guild.");
    }
  });
}

/** @returns nothing for who has left since the list of guilds was fetched */
async function memberOf(fetching: Promise<GuildMember>): Promise<GuildMember | undefined> {
  try {
    return await fetching;
  } catch (error) {
    if (error instanceof HttpException && error.status === 404) return undefined;
    throw error;
  }
}

/** The instance that serves the app of this request. @throws HttpException init_missing */
export function discordOf(req: Request): DiscordOAuth2Session {
  const discord: DiscordOAuth2Session | undefined = req.app.get(SETTING);
  if (discord) return discord;
  throw new HttpException({
    message:
      "This app has no DiscordOAuth2Session: call new DiscordOAuth2Session(app) or discord.init(app), with the app that this route belongs to.",
    code: "init_missing",
    status: 500,
  });
}

function guard(name: string, check: Check): Guard {
  const middleware: Guard = (req, _res, next) => {
    const pass = () => next();
    run(check, req as Request).then(pass, next);
  };
  return Object.defineProperty(middleware, "name", { value: name });
}

async function run(check: Check, req: Request): Promise<void> {
  await check(discordOf(req), req);
}
