import { forBot, forUser, forUserOrBot } from "../access.js";
import { type Answer, json, refuse } from "../answer.js";
import { UNKNOWN_GUILD, UNKNOWN_USER } from "../api-errors.js";
import type { AccessToken } from "../authorizations.js";
import type { Discord } from "../discord.js";
import { memberPayload } from "../guild.js";
import type { Routes } from "../router.js";
import { toTimestamp } from "../timestamp.js";
import { listBotGuilds, listUserGuilds } from "./guild-list.js";

/** Routes for users, their connections and their guilds. */
export function userRoutes(discord: Discord): Routes {
  const { application, owner, world } = discord;
  return {
    "GET /users/@me": forUserOrBot(
      forUser(discord, "identify", (_call, { authorization, scopes }) =>
        json(200, authorization.user.seenBySelf(scopes)),
      ),
      forBot(discord, () => json(200, application.ownBotUser)),
    ),
    "GET /users/@me/guilds": forUserOrBot(
      forUser(discord, "guilds", (call, token) => listUserGuilds(discord, call, token)),
      forBot(discord, (call) => listBotGuilds(discord, call)),
    ),
    "GET /users/@me/guilds/:id/member": forUser(
      discord,
      "guilds.members.read",
      (_call, { authorization }, guildId: string) => {
        const guild = world.guilds.get(guildId) ?? refuse(UNKNOWN_GUILD);
        const member = guild.members.get(authorization.user.id) ?? refuse(UNKNOWN_GUILD);
        return json(200, { ...memberPayload(member), permissions: guild.permissionsOf(member).toString() });
      },
    ),
    "GET /users/@me/connections": forUser(discord, "connections", (_call, { authorization }) =>
      json(200, authorization.user.connections),
    ),
    "GET /users/:id": forBot(discord, (_call, userId: string) => {
      if (userId === application.id) return json(200, application.botUser);
      const user = world.users.get(userId) ?? (userId === owner.id ? owner : refuse(UNKNOWN_USER));
      return json(200, user.seenByOthers());
    }),
    "GET /oauth2/@me": forUser(discord, null, (_call, token) => describeAuthorization(discord, token)),
  };
}

function describeAuthorization({ application }: Discord, token: AccessToken): Answer {
  const { authorization, expiresAt, scopes } = token;
  return json(200, {
    application: application.payload,
    scopes,
    expires: toTimestamp(expiresAt),
    ...(scopes.includes("identify") && { user: authorization.user.seenByOthers() }),
  });
}
