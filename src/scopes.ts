import { misspeltName } from "./closest-name.js";
import { MissingScopes } from "./errors.js";

/** Every scope that Discord documents. Many are open to approved applications only. */
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
 * What an application can ask a visitor for. Open to scopes that Discord adds or gives to a single application.
 *
 * @see https://docs.discord.com/developers/topics/oauth2#shared-resources-oauth2-scopes
 */
export type Scope = (typeof SCOPE_NAMES)[number] | (string & Record<never, never>);

/** The scope each route of a user needs, by template (https://docs.discord.com/developers/topics/oauth2). */
const SCOPE_OF_ROUTE = new Map([
  ["/users/@me", "identify"],
  ["/users/@me/guilds", "guilds"],
  ["/users/@me/guilds/:id/member", "guilds.members.read"],
  ["/users/@me/connections", "connections"],
  ["/users/@me/applications/:id/role-connection", "role_connections.write"],
]);

/** Scopes for which Discord asks the visitor each time, whatever was granted before. */
const PASSTHROUGH_SCOPES = ["bot", "webhook.incoming"];

/** @throws MissingScopes */
export function requireGranted(granted: readonly string[], wanted: readonly string[], what: string): void {
  const missing = wanted.filter((scope) => !granted.includes(scope));
  if (missing.length > 0) throw new MissingScopes(missing, what);
}

/** The scope that a route needs, by its template, where it is known to need one. */
export function scopeOf(template: string): string | undefined {
  return SCOPE_OF_ROUTE.get(template);
}

/** Whether one of them makes Discord ask for a guild or a channel, which it does at every login. */
export function hasPassthroughScope(scopes: readonly string[]): boolean {
  return PASSTHROUGH_SCOPES.some((scope) => scopes.includes(scope));
}

/** Asked for again, these would make the visitor choose a guild or a channel again. */
export function withoutPassthrough(scopes: readonly string[]): string[] {
  return scopes.filter((scope) => !PASSTHROUGH_SCOPES.includes(scope));
}

/** Discord refuses PKCE together with this scope. */
export function allowsPkce(scopes: readonly string[]): boolean {
  return !scopes.includes("role_connections.write");
}

/** The scope that somebody meant who wrote another one: `identity` for `identify`. Nothing for what is no misspelling. */
export function meantScope(scope: string): string | undefined {
  const isKnown = SCOPE_NAMES.some((one) => one === scope);
  return isKnown ? undefined : misspeltName(scope, SCOPE_NAMES);
}
