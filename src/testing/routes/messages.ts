import { forBot, readObject } from "../access.js";
import { type Answer, json, refuse } from "../answer.js";
import {
  CANNOT_MESSAGE_USER,
  MISSING_ACCESS,
  missingField,
  NO_SHARED_GUILD,
  notSnowflake,
  UNKNOWN_CHANNEL,
  UNKNOWN_USER,
} from "../api-errors.js";
import { requireBotPermissions } from "../bot-access.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import { readMessage } from "../message-body.js";
import { messagePayload } from "../message-payload.js";
import { PERMISSIONS } from "../permissions.js";
import type { Routes } from "../router.js";
import { readSnowflake } from "../snowflake.js";
import type { SimulatedUser } from "../user.js";
import { directChannelPayload } from "./channels.js";

const WITH_FILES = PERMISSIONS.sendMessages | PERMISSIONS.attachFiles;

/** Routes to send messages as the bot, to users and in channels. */
export function messageRoutes(discord: Discord): Routes {
  return {
    "POST /users/@me/channels": forBot(discord, (call) => openChannel(discord, readObject(call))),
    "POST /channels/:id/messages": forBot(discord, (call, channelId: string) =>
      sendMessage(discord, channelId, call),
    ),
  };
}

function openChannel({ mailbox, world }: Discord, body: Readonly<Record<string, unknown>>): Answer {
  const { recipient_id } = body;
  if (recipient_id === undefined) refuse(missingField("recipient_id"));
  const userId = readSnowflake(recipient_id) ?? refuse(notSnowflake("recipient_id", recipient_id));
  const user = world.users.get(userId) ?? refuse(UNKNOWN_USER);
  const id = mailbox.open(user, () => world.newId());
  return json(200, directChannelPayload(id, user));
}

function sendMessage(discord: Discord, channelId: string, call: Call): Answer {
  const { application, mailbox } = discord;
  const recipient = mailbox.recipientOf(channelId);
  const read = readMessage(call);
  requireReach(discord, channelId, recipient, read.files.length > 0);
  const message = mailbox.keep({ channelId, recipient, webhookId: undefined, ...read }, () =>
    discord.world.newId(),
  );
  return json(200, messagePayload(discord, message, application.botUser));
}

function requireReach(
  discord: Discord,
  channelId: string,
  recipient: SimulatedUser | undefined,
  withFiles: boolean,
): void {
  const { behaviour, world } = discord;
  if (recipient === undefined) {
    const { guild } = world.findChannel(channelId) ?? refuse(UNKNOWN_CHANNEL);
    if (!guild.letsBot(PERMISSIONS.viewChannel)) refuse(MISSING_ACCESS);
    requireBotPermissions(guild, withFiles ? WITH_FILES : PERMISSIONS.sendMessages);
    return;
  }
  if (recipient.directMessagesClosed) refuse(CANNOT_MESSAGE_USER);
  if (behaviour.messagesNeedSharedGuild && !world.guildsOf(recipient).some((guild) => guild.bot)) {
    refuse(NO_SHARED_GUILD);
  }
}
