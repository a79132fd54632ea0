import type { Config } from "../config.js";
import { type PermissionResolvable, Permissions } from "../permissions.js";
import { hasPassthroughScope } from "../scopes.js";
import { shown } from "../shown.js";
import { requireSnowflake } from "../snowflake.js";

/** What one login may ask for. */
export interface LoginOptions {
  /** Default: the `scopes` of the configuration. */
  readonly scopes?: readonly string[] | undefined;
  /** Adds `scopes` to those that the visitor has granted already. */
  readonly incremental?: boolean | undefined;
  /**
   * Anything that JSON can write; `callback` gives it back. It is sealed into the login's cookie, not shown in the URL:
   * together with `returnTo` about 2,000 bytes at most.
   */
  readonly data?: unknown;
  /** A path on this app's own origin; `callback` gives it back. */
  readonly returnTo?: string | undefined;
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

const OPTION_NAMES = [
  "scopes",
  "incremental",
  "data",
  "returnTo",
  "prompt",
  "permissions",
  "guildId",
  "disableGuildSelect",
  "integrationType",
  "params",
] as const satisfies readonly (keyof LoginOptions)[];

const BOOLEANS = [
  "incremental",
  "prompt",
  "disableGuildSelect",
] as const satisfies readonly (keyof LoginOptions)[];

/** @throws TypeError for a wish that contradicts itself or that Discord would refuse */
export function checkLoginOptions(options: LoginOptions, scopes: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (OPTION_NAMES.some((known) => known === name)) continue;
    throw new TypeError(`There is no login option ${name}. The options are ${OPTION_NAMES.join(", ")}.`);
  }
  for (const name of BOOLEANS) requireOption(name, options[name], "true or false", isBoolean);
  requireOption("scopes", scopes, 'a list of scopes such as ["identify", "guilds"]', isScopes);
  requireOption("integrationType", options.integrationType, '"guild" or "user"', isIntegrationType);
  if (options.prompt === false && hasPassthroughScope(scopes)) {
    throw new TypeError(
      "prompt: false cannot go with the scopes bot and webhook.incoming: Discord asks for those each time.",
    );
  }
  for (const [name, value] of Object.entries(options.params ?? {})) {
    if (Object.hasOwn(RESERVED_PARAMS, name))
      throw new TypeError(`params must not contain ${name}: use ${RESERVED_PARAMS[name]}.`);
    requireOption(`params.${name}`, value, "a string", (given) => typeof given === "string");
  }
}

function requireOption(
  name: string,
  value: unknown,
  wanted: string,
  isWanted: (value: unknown) => boolean,
): void {
  if (value === undefined || isWanted(value)) return;
  throw new TypeError(`${name} must be ${wanted}, not ${shown(value)}.`);
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean";
}

function isScopes(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((scope) => typeof scope === "string" && /^[\x21-\x7e]+$/.test(scope))
  );
}

function isIntegrationType(value: unknown): boolean {
  return typeof value === "string" && Object.hasOwn(INTEGRATION_TYPES, value);
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
