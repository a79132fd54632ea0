import { forBot } from "../access.js";
import { json } from "../answer.js";
import { UNKNOWN_GUILD } from "../api-errors.js";
import { findBotGuild } from "../bot-access.js";
import type { Discord } from "../discord.js";
import { channelPayloads, countsOf, guildPayload, rolePayloads } from "../guild-payload.js";
import { isTrue } from "../query-values.js";
import type { Routes } from "../router.js";

/** Routes for a guild, its channels and its roles, as the bot. */
export function guildRoutes(discord: Discord): Routes {
  return {
    "GET /guilds/:id": forBot(discord, (call, guildId: string) => {
      const guild = discord.world.guilds.get(guildId);
      // Unlike the other routes, this one does not tell whether a guild without the bot exists.
      if (!guild?.bot) return UNKNOWN_GUILD;
      const counts = isTrue(call.query["with_counts"]) ? countsOf(guild) : {};
      return json(200, { ...guildPayload(discord, guild), ...counts });
    }),
    "GET /guilds/:id/channels": forBot(discord, (_call, guildId: string) =>
      json(200, channelPayloads(findBotGuild(discord, guildId))),
    ),
    "GET /guilds/:id/roles": forBot(discord, (_call, guildId: string) =>
      json(200, rolePayloads(findBotGuild(discord, guildId))),
    ),
  };
}
