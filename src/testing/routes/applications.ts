import { forBot } from "../access.js";
import { json } from "../answer.js";
import type { Discord } from "../discord.js";
import type { Routes } from "../router.js";

/** Routes for the application, as its bot. */
export function applicationRoutes(discord: Discord): Routes {
  const describe = forBot(discord, () => json(200, describeApplication(discord)));
  return { "GET /applications/@me": describe, "GET /oauth2/applications/@me": describe };
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
