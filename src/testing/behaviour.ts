/**
 * What is not known for certain about Discord, or differs from one application to the next.
 * Every switch may be changed at any time, on `discord.behaviour`.
 */
export interface Behaviour {
  /**
   * Whether a successful redirect names the issuer (`iss`), and the metadata document says so. Default: false.
   * Discord does not document `iss`, and clients such as Auth.js refuse a login that has it.
   */
  issOnSuccess: boolean;
  /** Whether an error redirect names the issuer. Default: false. */
  issOnError: boolean;
  /** What `iss` says; null is the simulator's own URL. Default: null. */
  issuer: string | null;
  /** How the token endpoint refuses a client. Default: 401. */
  invalidClientStatus: 400 | 401;
  /** Whether the message about a refused refresh token ends with a full stop. Default: false. */
  refreshErrorFullStop: boolean;
  /** Whether the former access token goes on working after a refresh. Default: false. */
  previousAccessTokenSurvives: boolean;
  /** What a refresh token used twice does: only fail, or end the whole authorization. Default: "refuse". */
  refreshReuse: "refuse" | "revoke-grant";
  /** What a code used twice does: only fail, or end the whole authorization. Default: "refuse". */
  codeReuse: "refuse" | "revoke-grant";
  /** Whether a refresh gives a new refresh token and ends the former. Default: true. */
  rotateRefreshTokens: boolean;
  /** Whether the answer to a refresh leaves `refresh_token` out. The former one then goes on working. Default: false. */
  refreshOmitsRefreshToken: boolean;
  /** How a token without the scope of a route is refused. Default: "401". */
  missingScope: "401" | "403-50026";
  /** What `with_counts` does without `guilds.members.read`: no counts, or a refusal. Default: "omit". */
  missingCountsScope: "omit" | "refuse";
  /** Seconds an access token lives. Default: 604800. */
  accessTokenSeconds: number;
  /** Seconds a code lives. Default: 100. */
  codeSeconds: number;
  /** Whether the application is a public client, which may leave its secret out. Default: false. */
  publicClient: boolean;
  /** Whether redirect URIs have to be registered; otherwise any http or https address will do. Default: true. */
  strictRedirectUris: boolean;
  /** Whether scopes have to exist and be open to the application; otherwise any name is granted. Default: true. */
  strictScopes: boolean;
  /** Scopes this application has beyond the public ones, such as `identify.premium`; any name will do. Default: none. */
  approvedScopes: readonly string[];
  /** Whether the bot joins a guild only when the code is exchanged. Default: false. */
  botRequiresCodeGrant: boolean;
  /** Whether the bot can write only to users it shares a guild with. Default: true. */
  messagesNeedSharedGuild: boolean;
  /** Whether the application may list the members of a guild (a privileged intent). Default: true. */
  guildMembersIntent: boolean;
  /** Whether the token and revocation endpoints read `multipart/form-data` too. Default: false. */
  multipartForms: boolean;
  /** Whether a bot call without Discord's User-Agent form is blocked at the edge (403, 40333). Default: false. */
  strictUserAgent: boolean;
  /** Requests per second of one user, bot or address, over all routes; null: no limit. Default: null. */
  globalLimit: number | null;
  /** 401, 403 and 429 answers in ten minutes after which an address is shut out; null: never. Discord: 10,000. Default: null. */
  invalidRequestLimit: number | null;
}

/** How Discord behaves as far as it is known. */
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
