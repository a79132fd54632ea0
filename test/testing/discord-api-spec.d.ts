/** The schemas that the tests use. The package has no types for them. */
declare module "discord-api-spec/zod" {
  import type { ZodMiniType } from "zod/mini";

  export const ApplicationRoleConnectionsMetadataItemResponseSchema: ZodMiniType;
  export const ApplicationUserRoleConnectionResponseSchema: ZodMiniType;
  export const ConnectedAccountResponseSchema: ZodMiniType;
  export const EmbeddedActivityInstanceSchema: ZodMiniType;
  export const GuildBanResponseSchema: ZodMiniType;
  export const GuildChannelResponseSchema: ZodMiniType;
  export const GuildIncomingWebhookResponseSchema: ZodMiniType;
  export const GuildMemberResponseSchema: ZodMiniType;
  export const GuildResponseSchema: ZodMiniType;
  export const GuildRoleResponseSchema: ZodMiniType;
  export const GuildWithCountsResponseSchema: ZodMiniType;
  export const MessageResponseSchema: ZodMiniType;
  export const MyGuildResponseSchema: ZodMiniType;
  export const OAuth2GetAuthorizationResponseSchema: ZodMiniType;
  export const OAuth2GetKeysSchema: ZodMiniType;
  export const OAuth2GetOpenIDConnectUserInfoResponseSchema: ZodMiniType;
  export const PrivateApplicationResponseSchema: ZodMiniType;
  export const PrivateChannelResponseSchema: ZodMiniType;
  export const PrivateGuildMemberResponseSchema: ZodMiniType;
  export const UserPIIResponseSchema: ZodMiniType;
  export const UserResponseSchema: ZodMiniType;
}
