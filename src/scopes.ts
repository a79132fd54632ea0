import { misspeltName } from "./closest-name.js";
import { MissingScopes } from "./errors.js";

/** Every scope that Discord documents. Many are available only to approved applications. */
export const SCOPE_NAMES = [
  "identify",
  "email",
  "guilds",
  "guilds.join",
  "guilds.members.read",
  "connections",
  "bot",
  "applications.commands",
  "webhook.incoming",
  "role_connections.write",
  "openid",
  "gdm.join",
  "identify.premium",
  "applications.builds.read",
  "applications.builds.upload",
  "applications.commands.permissions.update",
  "applications.commands.update",
  "applications.entitlements",
  "applications.store.update",
  "activities.read",
  "activities.write",
  "activities.invites.write",
  "dm_channels.read",
  "messages.read",
  "relationships.read",
  "rpc",
  "rpc.activities.write",
  "rpc.notifications.read",
  "rpc.screenshare.read",
  "rpc.screenshare.write",
  "rpc.video.read",
  "rpc.video.write",
  "rpc.voice.read",
  "rpc.voice.write",
  "sdk.social_layer",
  "sdk.social_layer_presence",
  "voice",
] as const;

/**
 * An OAuth2 scope. Any other string is accepted too, for scopes that Discord adds or grants to single applications.
 *
 * @see https://docs.discord.com/developers/topics/oauth2#shared-resources-oauth2-scopes
 */
export type Scope = (typeof SCOPE_NAMES)[number] | (string & Record<never, never>);

/** The scope that each user route needs, by template (https://docs.discord.com/developers/topics/oauth2). */
const SCOPE_OF_ROUTE = new Map([
  ["/users/@me", "identify"],
  ["/users/@me/guilds", "guilds"],
  ["/users/@me/guilds/:id/member", "guilds.members.read"],
  ["/users/@me/connections", "connections"],
  ["/users/@me/applications/:id/role-connection", "role_connections.write"],
]);

/** Scopes for which Discord asks the visitor at every login, even if they were granted before. */
const PASSTHROUGH_SCOPES = ["bot", "webhook.incoming"];

/** @throws MissingScopes */
export function requireGranted(granted: readonly string[], wanted: readonly string[], what: string): void {
  const missing = wanted.filter((scope) => !granted.includes(scope));
  if (missing.length > 0) throw new MissingScopes(missing, what);
}

/** @throws MissingScopes unless the scope that a route needs was granted. @param template the route with placeholders */
export function requireScopeOf(template: string, granted: readonly string[]): void {
  const scope = SCOPE_OF_ROUTE.get(template);
  if (scope !== undefined) requireGranted(granted, [scope], template);
}

/** Whether a scope makes Discord ask for a guild or a channel at every login. */
export function hasPassthroughScope(scopes: readonly string[]): boolean {
  return PASSTHROUGH_SCOPES.some((scope) => scopes.includes(scope));
}

/** Removes the scopes that would make the visitor choose a guild or a channel again. */
export function withoutPassthrough(scopes: readonly string[]): string[] {
  return scopes.filter((scope) => !PASSTHROUGH_SCOPES.includes(scope));
}

/** Whether Discord accepts PKCE with these scopes. It refuses PKCE together with `role_connections.write`. */
export function allowsPkce(scopes: readonly string[]): boolean {
  return !scopes.includes("role_connections.write");
}

/** Returns the valid scope for a misspelt one, such as `identify` for `identity`. */
export function meantScope(scope: string): string | undefined {
  const isKnown = SCOPE_NAMES.some((one) => one === scope);
  return isKnown ? undefined : misspeltName(scope, SCOPE_NAMES);
}
