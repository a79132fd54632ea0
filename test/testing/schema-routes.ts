import * as schemas from "discord-api-spec/zod";
import * as z from "zod/mini";

/** The schema of every route's success response; null if Discord's OpenAPI document has none. */
export const RESPONSE_SCHEMAS: Readonly<Record<string, z.ZodMiniType | null>> = {
  "GET /oauth2/authorize": null,
  "POST /oauth2/authorize": null,
  "GET /": null,
  "POST /sign-in": null,
  "GET /activities/:frame": null,
  "POST /activities/:frame/messages": null,
  "GET /activities/:frame/authorize": null,
  "POST /activities/:frame/authorize": null,
  "GET /activities/:frame/authorized": null,
  "GET /attachments/:id/:attachment/:filename": null,
  "POST /oauth2/token": null,
  "POST /oauth2/token/revoke": null,
  "GET /.well-known/oauth-authorization-server": null,
  "GET /.well-known/openid-configuration": null,
  "GET /oauth2/@me": schemas.OAuth2GetAuthorizationResponseSchema,
  "GET /oauth2/keys": schemas.OAuth2GetKeysSchema,
  "GET /oauth2/userinfo": schemas.OAuth2GetOpenIDConnectUserInfoResponseSchema,
  "GET /oauth2/applications/@me": schemas.PrivateApplicationResponseSchema,
  "GET /applications/@me": schemas.PrivateApplicationResponseSchema,
  "GET /applications/:id/role-connections/metadata": z.array(
    schemas.ApplicationRoleConnectionsMetadataItemResponseSchema,
  ),
  "PUT /applications/:id/role-connections/metadata": z.array(
    schemas.ApplicationRoleConnectionsMetadataItemResponseSchema,
  ),
  "GET /applications/:id/activity-instances/:instance": schemas.EmbeddedActivityInstanceSchema,
  "GET /users/@me": schemas.UserPIIResponseSchema,
  "GET /users/:id": schemas.UserResponseSchema,
  "GET /users/@me/guilds": z.array(schemas.MyGuildResponseSchema),
  "GET /users/@me/guilds/:id/member": schemas.PrivateGuildMemberResponseSchema,
  "GET /users/@me/connections": z.array(schemas.ConnectedAccountResponseSchema),
  "POST /users/@me/channels": schemas.PrivateChannelResponseSchema,
  "GET /users/@me/applications/:id/role-connection": schemas.ApplicationUserRoleConnectionResponseSchema,
  "PUT /users/@me/applications/:id/role-connection": schemas.ApplicationUserRoleConnectionResponseSchema,
  "DELETE /users/@me/applications/:id/role-connection": z.undefined(),
  "GET /guilds/:id": schemas.GuildWithCountsResponseSchema,
  "GET /guilds/:id/channels": z.array(schemas.GuildChannelResponseSchema),
  "GET /guilds/:id/roles": z.array(schemas.GuildRoleResponseSchema),
  "GET /guilds/:id/members": z.array(schemas.GuildMemberResponseSchema),
  "GET /guilds/:id/members/:user": schemas.GuildMemberResponseSchema,
  "PUT /guilds/:id/members/:user": z.union([schemas.GuildMemberResponseSchema, z.undefined()]),
  "PATCH /guilds/:id/members/:user": schemas.GuildMemberResponseSchema,
  "DELETE /guilds/:id/members/:user": z.undefined(),
  "PUT /guilds/:id/members/:user/roles/:role": z.undefined(),
  "DELETE /guilds/:id/members/:user/roles/:role": z.undefined(),
  "GET /guilds/:id/bans": z.array(schemas.GuildBanResponseSchema),
  "GET /guilds/:id/bans/:user": schemas.GuildBanResponseSchema,
  "PUT /guilds/:id/bans/:user": z.undefined(),
  "DELETE /guilds/:id/bans/:user": z.undefined(),
  "GET /channels/:id": z.union([schemas.GuildChannelResponseSchema, schemas.PrivateChannelResponseSchema]),
  "POST /channels/:id/messages": schemas.MessageResponseSchema,
  "GET /webhooks/:id/:token": schemas.GuildIncomingWebhookResponseSchema,
  "POST /webhooks/:id/:token": z.union([schemas.MessageResponseSchema, z.undefined()]),
  "DELETE /webhooks/:id/:token": z.undefined(),
};

/** Where the simulator deliberately differs from the schemas: the path in the response, and why. */
export const KNOWN_DIFFERENCES: readonly { route: RegExp; path: RegExp; why: string }[] = [
  {
    route: /role-connection$/,
    path: /^platform_name$/,
    why: "Discord's documentation has platform_name nullable; the schema does not.",
  },
];

/** Discord's error body, as its reference describes it. The package has numbers where Discord sends names. */
export const ERROR_SCHEMA = z.strictObject({
  message: z.string().check(z.minLength(1)),
  code: z.int(),
  errors: z.optional(z.lazy(() => errorTree)),
});

const errorTree: z.ZodMiniType = z.union([
  z.strictObject({
    _errors: z
      .array(z.strictObject({ code: z.string().check(z.regex(/^[A-Z_]+$/)), message: z.string() }))
      .check(z.minLength(1)),
  }),
  z.record(
    z.string().check(z.regex(/^(?!_errors$)/)),
    z.lazy(() => errorTree),
  ),
]);

/** Returns everything in a response that its schema does not allow, apart from known differences. */
export function differencesOf(route: string, schema: z.ZodMiniType, body: unknown): string[] {
  const value = withoutOffsets(body);
  const { success, data, error } = schema.safeParse(value);
  const found = success
    ? unknownFields(value, data, [])
    : error.issues.map(({ path, message, code }) => ({
        path: path.join("."),
        problem: `${code} ${message}`,
      }));
  return found
    .filter(
      ({ path }) => !KNOWN_DIFFERENCES.some((known) => known.route.test(route) && known.path.test(path)),
    )
    .map(({ path, problem }) => `${route}: ${path} ${problem}`);
}

/** The schemas accept only times that end in Z. Discord's reference writes an offset, which means the same. */
function withoutOffsets(body: unknown): unknown {
  if (body === undefined) return undefined;
  return JSON.parse(JSON.stringify(body), (_key, value) =>
    typeof value === "string" ? value.replace(/^(\d{4}-\d\d-\d\dT[\d:.]+)\+00:00$/, "$1Z") : value,
  );
}

/** Parsing removes what the schema does not contain. */
function unknownFields(
  sent: unknown,
  parsed: unknown,
  path: readonly string[],
): { path: string; problem: string }[] {
  if (typeof sent !== "object" || sent === null) return [];
  return Object.entries(sent).flatMap(([key, value]) => {
    const place = [...path, key];
    if (typeof parsed !== "object" || parsed === null || !Object.hasOwn(parsed, key)) {
      return [{ path: place.join("."), problem: "is not in the schema" }];
    }
    return unknownFields(value, (parsed as Record<string, unknown>)[key], place);
  });
}
