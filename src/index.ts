export type { ApiRequest } from "./api-request.js";
export type { LoginOptions } from "./authorization-url.js";
export type { ImageFormat, ImageOptions, ImageSize } from "./cdn.js";
export {
  AccessDenied,
  ERROR_CODES,
  type ErrorCode,
  Forbidden,
  HttpException,
  MissingScopes,
  RateLimited,
  type RateLimitScope,
  Unauthorized,
} from "./errors.js";
export type { Token } from "./grant.js";
export {
  type AuthorizationGuard,
  type AuthorizationOptions,
  type Guard,
  type GuildId,
  type GuildRequirements,
  requiresAuthorization,
  requiresGuild,
  requiresScopes,
} from "./guards.js";
export type { JoinOptions } from "./guild-join.js";
export type { Login, LoginResult, ReplayedLogin } from "./login.js";
export type { Authorization } from "./models/authorization.js";
export { Bot } from "./models/bot.js";
export { Guild } from "./models/guild.js";
export { GuildMember } from "./models/guild-member.js";
export { Integration } from "./models/integration.js";
export { User } from "./models/user.js";
export { UserConnection } from "./models/user-connection.js";
export type { CacheOptions, DiscordOptions, Lock, TokenStore } from "./options.js";
export {
  type PermissionFlag,
  type PermissionFlags,
  type PermissionName,
  type PermissionResolvable,
  Permissions,
} from "./permissions.js";
export { redirectUnauthorized } from "./redirect-unauthorized.js";
export type { FetchOptions } from "./remembered.js";
export type {
  RoleConnection,
  RoleConnectionMetadata,
  RoleConnectionUpdate,
  RoleConnectionValue,
} from "./role-connections.js";
export { discordRouter, type RouterOptions } from "./router.js";
export { DiscordOAuth2Session, type HeldToken, type OnTokenChange } from "./session.js";
export type { SignedOut, SignIn } from "./session-data.js";
export type { RefreshTrace, RequestTrace } from "./telemetry.js";
export type { UserSession } from "./user-session.js";
export { type WebhookEvent, type WebhookEventsOptions, webhookEvents } from "./webhook-events.js";
