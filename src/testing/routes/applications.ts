import { forBot } from "../access.js";
import { activityInstancePayload } from "../activity-instances.js";
import { json, refuse } from "../answer.js";
import { NOT_FOUND, UNKNOWN_APPLICATION } from "../api-errors.js";
import type { Discord } from "../discord.js";
import type { Routes } from "../router.js";

/** Routes for the application and its running Activities, as its bot. */
export function applicationRoutes(discord: Discord): Routes {
  const { activityInstances, application } = discord;
  const describe = forBot(discord, () => json(200, describeApplication(discord)));
  return {
    "GET /applications/@me": describe,
    "GET /oauth2/applications/@me": describe,
    "GET /applications/:id/activity-instances/:instance": forBot(
      discord,
      (_call, applicationId: string, instanceId: string) => {
        if (applicationId !== application.id) refuse(UNKNOWN_APPLICATION);
        const instance = activityInstances.get(instanceId) ?? refuse(NOT_FOUND);
        return json(200, activityInstancePayload(instance, application.id));
      },
    ),
  };
}

function describeApplication({ application, authorizations, owner, world }: Discord): object {
  return {
    ...application.payload,
    redirect_uris: application.redirectUris,
    owner: owner.seenByOthers(),
    team: null,
    interactions_endpoint_url: null,
    role_connections_verification_url: null,
    explicit_content_filter: 0,
    approximate_guild_count: [...world.guilds.values()].filter((guild) => guild.bot).length,
    approximate_user_install_count: 0,
    approximate_user_authorization_count: authorizations.size,
    eligible_oauth2_scopes: [],
  };
}
