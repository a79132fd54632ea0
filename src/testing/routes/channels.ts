import { forBot } from "../access.js";
import { type Answer, json, refuse } from "../answer.js";
import { MISSING_ACCESS, UNKNOWN_CHANNEL } from "../api-errors.js";
import type { Discord } from "../discord.js";
import { channelPayload } from "../guild-payload.js";
import { PERMISSIONS } from "../permissions.js";
import type { Routes } from "../router.js";
import type { SimulatedUser } from "../user.js";

/** Routes for a channel, as the bot. */
export function channelRoutes(discord: Discord): Routes {
  return {
    "GET /channels/:id": forBot(discord, (_call, id: string) => describeChannel(discord, id)),
  };
}

/** Returns the channel object of a direct message. */
export function directChannelPayload(id: string, recipient: SimulatedUser): object {
  return { id, type: 1, last_message_id: null, flags: 0, recipients: [recipient.seenByOthers()] };
}

function describeChannel({ mailbox, world }: Discord, id: string): Answer {
  const recipient = mailbox.recipientOf(id);
  if (recipient !== undefined) return json(200, directChannelPayload(id, recipient));
  const { channel, guild } = world.findChannel(id) ?? refuse(UNKNOWN_CHANNEL);
  return guild.letsBot(PERMISSIONS.viewChannel)
    ? json(200, channelPayload(guild, channel))
    : refuse(MISSING_ACCESS);
}
