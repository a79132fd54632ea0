export { type ActivityOptions, activityPayload, requiresActivity } from "./activity-requests.js";
export type { HeldToken } from "./app-token.js";
export type { ImageFormat, ImageOptions, ImageSize, PngOptions } from "./cdn.js";
export {
  AccessDenied,
  type AccessDeniedDetails,
  ERROR_CODES,
  type ErrorCode,
  Forbidden,
  HttpException,
  type HttpExceptionDetails,
  MissingScopes,
  RateLimited,
  type RateLimitedDetails,
  type RateLimitScope,
  Unauthorized,
} from "./errors.js";
export type { OnTokenChange } from "./grants/held-token.js";
export type { SignedOut, SignIn } from "./grants/session-data.js";
export type { Token } from "./grants/token.js";
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
export type { LoginOptions } from "./login/authorization-url.js";
export type {
  CodeLogin,
  ConnectedLogin,
  Login,
  LoginResult,
  OnLogin,
  ReplayedLogin,
  SignedInLogin,
} from "./login/login.js";
export type { Authorization } from "./models/authorization.js";
export { Guild } from "./models/guild.js";
export { GuildMember, type GuildMemberPayload } from "./models/guild-member.js";
export { Integration, type IntegrationAccount, type IntegrationPayload } from "./models/integration.js";
export type { Values } from "./models/model.js";
export type { AvatarDecoration, Collectibles, Nameplate } from "./models/profile.js";
export { Bot, type PrimaryGuild, User, type UserFlag } from "./models/user.js";
export { UserConnection } from "./models/user-connection.js";
export type {
  CacheOptions,
  CallbackOptions,
  CodeOptions,
  DiscordOptions,
  Lock,
  RevokeOptions,
  TokenStore,
} from "./options.js";
export type { PermissionAlias, PermissionFlag, PermissionFlags, PermissionName } from "./permission-flags.js";
export { type PermissionCheck, type PermissionResolvable, Permissions } from "./permissions.js";
export { redirectUnauthorized } from "./redirect-unauthorized.js";
export type { ApiRequest } from "./rest/api-request.js";
export { discordRouter, type RouterOnLogin, type RouterOptions } from "./router.js";
export type { Scope } from "./scopes.js";
export { DiscordOAuth2Session } from "./session.js";
export { isSnowflake } from "./snowflake.js";
export type { RefreshTrace, RequestTrace } from "./telemetry.js";
export { userLocals } from "./user-locals.js";
export type { JoinOptions, JoinOrUpdateOptions, JoinOutcome } from "./users/guild-join.js";
export type { FetchOptions, GuildsOptions, MemberOptions } from "./users/loading-cache.js";
export type {
  RoleConnection,
  RoleConnectionMetadata,
  RoleConnectionUpdate,
  RoleConnectionValue,
} from "./users/role-connections.js";
export type { UserSession } from "./users/user-session.js";
export { type WebhookEvent, type WebhookEventsOptions, webhookEvents } from "./webhook-events.js";
