import { optionsChecker } from "../check-options.js";
import type { Config } from "../config.js";
import { ACCOUNT_ID, ANYTHING, BOOLEAN, oneOf, RECORD, SCOPES } from "../option-kinds.js";
import { PERMISSIONS, type PermissionResolvable, Permissions } from "../permissions.js";
import { hasPassthroughScope, type Scope } from "../scopes.js";
import { shown, shownName } from "../shown.js";
import { requireSnowflake } from "../snowflake.js";

/** Options of one login. */
export interface LoginOptions {
  /** The scopes to ask for. Default: the option `scopes` of `DiscordOAuth2Session`. */
  readonly scopes?: readonly Scope[] | undefined;
  /** Adds `scopes` to the scopes the visitor has already granted. */
  readonly incremental?: boolean | undefined;
  /**
   * Any JSON value, returned by `callback`. It is stored encrypted in the login's cookie and not shown in the URL.
   * Together with `returnTo` it may take about 1,900 bytes.
   */
  readonly data?: unknown;
  /** A path on this app's own origin, or a URL on one of the option `origins`. Returned by `callback`. */
  readonly returnTo?: string | undefined;
  /**
   * The id of the visitor's account in your own database. Connects a Discord account to it: nobody is signed in,
   * and the session does not change. Start the login from a page of your app, and pass the same id to `callback`.
   * Discord always asks for consent.
   */
  readonly connect?: string | undefined;
  /** `true` (default): Discord asks for consent each time. `false`: only for scopes not granted yet. */
  readonly prompt?: boolean | undefined;
  /** With the scope `bot`: the permissions that the bot asks for in the guild. */
  readonly permissions?: PermissionResolvable | undefined;
  /** With the scope `bot`: the id of a guild to preselect. */
  readonly guildId?: string | undefined;
  /** Prevents the visitor from choosing another guild. */
  readonly disableGuildSelect?: boolean | undefined;
  /** With the scope `applications.commands`: whether to install to a guild or to the user. */
  readonly integrationType?: "guild" | "user" | undefined;
  /** Further query parameters of Discord's authorization page. Parameters that this library sets are not allowed. */
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
export const loginOptions = optionsChecker<LoginOptions>({
  of: "createSession",
  example: '{ returnTo: "/dashboard" }',
  kinds: {
    scopes: SCOPES,
    incremental: BOOLEAN,
    data: ANYTHING,
    // Checked elsewhere, with errors of status 400: they may come from a visitor.
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
});

/** @throws TypeError for options that contradict each other, or that Discord would reject */
export function checkLoginOptions(options: LoginOptions, scopes: readonly string[]): void {
  if (options.connect !== undefined) {
    if (options.prompt === false)
      throw new TypeError(
        "prompt: false cannot be combined with connect: visitors must see which account they connect.",
      );
    if (options.incremental)
      throw new TypeError(
        "incremental cannot be combined with connect: the connected account may differ from the signed-in one.",
      );
    if (!scopes.includes("identify"))
      throw new TypeError("connect needs the scope identify, to learn which account was connected.");
  }
  if (options.prompt === false && hasPassthroughScope(scopes)) {
    throw new TypeError(
      "prompt: false cannot be combined with the scopes bot and webhook.incoming: Discord always asks for consent to them.",
    );
  }
  if (options.guildId !== undefined) requireSnowflake(options.guildId, "guildId");
  for (const [name, value] of Object.entries(options.params ?? {})) {
    if (Object.hasOwn(RESERVED_PARAMS, name))
      throw new TypeError(`params must not contain ${name}: use ${RESERVED_PARAMS[name]}.`);
    if (typeof value !== "string" || !value.isWellFormed() || !name.isWellFormed())
      throw new TypeError(
        `params.${shownName(name)} must be a string${typeof value === "string" ? " of well-formed Unicode" : ""}, not ${shown(value)}.`,
      );
  }
}

/** Builds the URL of Discord's authorization page. @internal @see https://docs.discord.com/developers/topics/oauth2 */
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
    guild_id: options.guildId,
    disable_guild_select: options.disableGuildSelect?.toString(),
    integration_type: options.integrationType && INTEGRATION_TYPES[options.integrationType],
    ...options.params,
  };
  const pairs = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const encoded = pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return `${config.discordUrl}/oauth2/authorize?${encoded.join("&")}`;
}
