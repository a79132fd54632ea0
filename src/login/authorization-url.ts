import { optionsChecker } from "../check-options.js";
import type { Config } from "../config.js";
import { ACCOUNT_ID, ANYTHING, BOOLEAN, oneOf, RECORD, SCOPES } from "../option-kinds.js";
import { PERMISSIONS } from "../permission-kinds.js";
import { type PermissionResolvable, Permissions } from "../permissions.js";
import { hasPassthroughScope, type Scope } from "../scopes.js";
import { shown, shownName } from "../shown.js";
import { requireSnowflake } from "../snowflake.js";

/** What one login may ask for. */
export interface LoginOptions {
  /** Default: the `scopes` of the configuration. */
  readonly scopes?: readonly Scope[] | undefined;
  /** Adds `scopes` to those that the visitor has granted already. */
  readonly incremental?: boolean | undefined;
  /**
   * Anything that JSON can write; `callback` gives it back. It is sealed into the login's cookie, not shown in the URL:
   * together with `returnTo` about 2,000 bytes at most.
   */
  readonly data?: unknown;
  /** A path on this app's own origin, or an address on one of the option `origins`; `callback` gives it back. */
  readonly returnTo?: string | undefined;
  /**
   * The id of the visitor's account in your own records, to connect a Discord account with: nobody is signed in by it, and
   * the session stays as it is. Start it from a page of yours, and pass the same id to `callback`. Discord always asks then.
   */
  readonly connect?: string | undefined;
  /** `true` (default): Discord asks each time. `false`: only when something is not granted yet. */
  readonly prompt?: boolean | undefined;
  /** What the bot may do in the guild, with the scope `bot`. */
  readonly permissions?: PermissionResolvable | undefined;
  /** The id of a guild to preselect, with the scope `bot`. */
  readonly guildId?: string | undefined;
  /** Keeps the visitor from choosing another guild. */
  readonly disableGuildSelect?: boolean | undefined;
  /** Install to a guild or to the user, with the scope `applications.commands`. */
  readonly integrationType?: "guild" | "user" | undefined;
  /** Further parameters of Discord's authorization page; none that this library sets itself. */
  readonly params?: Readonly<Record<string, string>> | undefined;
}

const RESERVED_PARAMS: Readonly<Record<string, string>> = {
  client_id: "the option clientId of DiscordOAuth2Session",
  redirect_uri: "the option redirectUri of DiscordOAuth2Session",
  response_type: "nothing: it is always code",
  state: "data or returnTo",
  code_challenge: "nothing: PKCE is built in",
  code_challenge_method: "nothing: PKCE is built in",
  scope: "scopes",
  prompt: "prompt",
  permissions: "permissions",
  guild_id: "guildId",
  disable_guild_select: "disableGuildSelect",
  integration_type: "integrationType",
};

const INTEGRATION_TYPES = { guild: "0", user: "1" } as const;

/** @throws TypeError */
export const loginOptions: (options: LoginOptions | undefined) => LoginOptions = optionsChecker<LoginOptions>(
  {
    of: "createSession",
    example: '{ returnTo: "/dashboard" }',
    kinds: {
      scopes: SCOPES,
      incremental: BOOLEAN,
      data: ANYTHING,
      // Paths and ids have errors of their own: they may come from a visitor.
      returnTo: ANYTHING,
      connect: ACCOUNT_ID,
      prompt: BOOLEAN,
      permissions: PERMISSIONS,
      guildId: ANYTHING,
      disableGuildSelect: BOOLEAN,
      integrationType: oneOf("guild", "user"),
      params: RECORD,
    },
    aliases: { state: "data", redirect: "returnTo", returnurl: "returnTo" },
  },
);

/** @throws TypeError for a wish that contradicts itself or that Discord would refuse */
export function checkLoginOptions(options: LoginOptions, scopes: readonly string[]): void {
  if (options.connect !== undefined) {
    if (options.prompt === false)
      throw new TypeError(
        "prompt: false cannot go with connect: the visitor is to see which account they connect.",
      );
    if (options.incremental)
      throw new TypeError(
        "incremental cannot go with connect: the account may be another than that of the sign-in.",
      );
    if (!scopes.includes("identify"))
      throw new TypeError("connect needs the scope identify: it tells which account was connected.");
  }
  if (options.prompt === false && hasPassthroughScope(scopes)) {
    throw new TypeError(
      "prompt: false cannot go with the scopes bot and webhook.incoming: Discord asks for those each time.",
    );
  }
  for (const [name, value] of Object.entries(options.params ?? {})) {
    if (Object.hasOwn(RESERVED_PARAMS, name))
      throw new TypeError(`params must not contain ${name}: use ${RESERVED_PARAMS[name]}.`);
    if (typeof value !== "string" || !value.isWellFormed() || !name.isWellFormed())
      throw new TypeError(
        `params.${shownName(name)} must be a string${typeof value === "string" ? " of well-formed Unicode" : ""}, not ${shown(value)}.`,
      );
  }
}

/**
 * @throws TypeError
 * @see https://docs.discord.com/developers/topics/oauth2
 */
export function authorizationUrl(
  config: Config,
  scopes: readonly string[],
  flow: { readonly state: string; readonly challenge: string | undefined },
  options: LoginOptions,
): string {
  const query: Record<string, string | undefined> = {
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: config.redirectUri,
    scope: scopes.join(" "),
    state: flow.state,
    prompt: options.prompt === false ? "none" : "consent",
    code_challenge: flow.challenge,
    code_challenge_method: flow.challenge && "S256",
    permissions: scopes.includes("bot") ? new Permissions(options.permissions ?? 0n).toString() : undefined,
    guild_id: options.guildId === undefined ? undefined : requireSnowflake(options.guildId, "guildId"),
    disable_guild_select: options.disableGuildSelect?.toString(),
    integration_type: options.integrationType && INTEGRATION_TYPES[options.integrationType],
    ...options.params,
  };
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const encoded = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return `${config.discordUrl}/oauth2/authorize?${encoded.join("&")}`;
}
