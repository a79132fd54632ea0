import { givenFields } from "./given-fields.js";

/**
 * Behaviour of Discord that is not known for certain or differs between applications. Every switch may be changed
 * at any time, on `discord.behaviour`.
 */
export interface Behaviour {
  /**
   * Whether a successful redirect has the parameter `iss`, and the metadata document announces it. Default: false.
   * Discord does not document `iss`, and clients such as Auth.js refuse logins that have it.
   */
  issOnSuccess: boolean;
  /** Whether an error redirect has the parameter `iss`. Default: false. */
  issOnError: boolean;
  /** The value of `iss`; null for the simulator's own URL. Default: null. */
  issuer: string | null;
  /** The status with which the token endpoint rejects a client. Default: 401. */
  invalidClientStatus: 400 | 401;
  /** Whether the message about a rejected refresh token ends with a full stop. Default: false. */
  refreshErrorFullStop: boolean;
  /** Whether the old access token continues to work after a refresh. Default: false. */
  previousAccessTokenSurvives: boolean;
  /** What happens when a refresh token is used twice: it fails, or the whole authorization ends. Default: "refuse". */
  refreshReuse: "refuse" | "revoke-grant";
  /** What happens when a code is used twice: it fails, or the whole authorization ends. Default: "refuse". */
  codeReuse: "refuse" | "revoke-grant";
  /** Whether a refresh returns a new refresh token and invalidates the old one. Default: true. */
  rotateRefreshTokens: boolean;
  /** Whether the response to a refresh omits `refresh_token`. The old one then continues to work. Default: false. */
  refreshOmitsRefreshToken: boolean;
  /** The response to a token without the scope of a route. Default: "401". */
  missingScope: "401" | "403-50026";
  /** What `with_counts` does without `guilds.members.read`: omits the counts, or is refused. Default: "omit". */
  missingCountsScope: "omit" | "refuse";
  /** The lifetime of an access token, in seconds. Default: 604800. */
  accessTokenSeconds: number;
  /** The lifetime of a code, in seconds. Default: 100. */
  codeSeconds: number;
  /** Whether the application is a public client, which may omit its secret. Default: false. */
  publicClient: boolean;
  /** Whether redirect URIs must be registered; if not, any http or https URL is accepted. Default: true. */
  strictRedirectUris: boolean;
  /** Whether scopes must exist and be available to the application; if not, any name is granted. Default: true. */
  strictScopes: boolean;
  /** Further scopes available to the application, such as `identify.premium`; any name is allowed. Default: none. */
  approvedScopes: readonly string[];
  /** Whether the bot joins a guild only after the code was exchanged. Default: false. */
  botRequiresCodeGrant: boolean;
  /** Whether the bot can send direct messages only to users it shares a guild with. Default: true. */
  messagesNeedSharedGuild: boolean;
  /** Whether the application may list the members of a guild (a privileged intent). Default: true. */
  guildMembersIntent: boolean;
  /** Whether the token and revocation endpoints also accept `multipart/form-data`. Default: false. */
  multipartForms: boolean;
  /** Whether bot calls without Discord's User-Agent format are blocked by Cloudflare (403, 40333). Default: false. */
  strictUserAgent: boolean;
  /**
   * The maximum requests per second of one user, bot or IP address over all routes; null for no limit. Default:
   * null.
   */
  globalLimit: number | null;
  /**
   * The number of 401, 403 and 429 responses in ten minutes that ban an IP address (Discord: 10,000). Default:
   * null, none.
   */
  invalidRequestLimit: number | null;
}

/** The default behaviour: Discord's, as far as it is known. */
export function usualBehaviour(): Behaviour {
  return {
    issOnSuccess: false,
    issOnError: false,
    issuer: null,
    invalidClientStatus: 401,
    refreshErrorFullStop: false,
    previousAccessTokenSurvives: false,
    refreshReuse: "refuse",
    codeReuse: "refuse",
    rotateRefreshTokens: true,
    refreshOmitsRefreshToken: false,
    missingScope: "401",
    missingCountsScope: "omit",
    accessTokenSeconds: 604_800,
    codeSeconds: 100,
    publicClient: false,
    strictRedirectUris: true,
    strictScopes: true,
    approvedScopes: [],
    botRequiresCodeGrant: false,
    messagesNeedSharedGuild: true,
    guildMembersIntent: true,
    multipartForms: false,
    strictUserAgent: false,
    globalLimit: null,
    invalidRequestLimit: null,
  };
}

/** Creates the default behaviour with changes. Setting a switch that does not exist throws a TypeError. */
export function createBehaviour(changes: Partial<Behaviour>): Behaviour {
  // Not a sealed object: in CommonJS without "use strict", it ignores such an assignment.
  const behaviour = new Proxy(usualBehaviour(), {
    set(switches, name, value) {
      if (Object.hasOwn(switches, name)) return Reflect.set(switches, name, value);
      throw new TypeError(
        `There is no switch "${String(name)}". The switches are ${Object.keys(switches).join(", ")}.`,
      );
    },
  });
  return Object.assign(behaviour, givenFields(changes));
}
