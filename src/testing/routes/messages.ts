import { forBot, readObject } from "../access.js";
import { type Answer, json, refuse } from "../answer.js";
import {
  CANNOT_MESSAGE_USER,
  EMPTY_MESSAGE,
  invalidField,
  MISSING_ACCESS,
  NO_SHARED_GUILD,
  UNKNOWN_CHANNEL,
  UNKNOWN_USER,
} from "../api-errors.js";
import type { Discord } from "../discord.js";
import type { Routes } from "../router.js";
import { toTimestamp } from "../timestamp.js";
import type { SimulatedUser } from "../user.js";

const LONGEST_CONTENT = 2000;
const MOST_EMBEDS = 10;

type Body = Readonly<Record<string, unknown>>;

/** The bot's direct messages and its messages in channels. */
export function messageRoutes(discord: Discord): Routes {
  return {
    "POST /users/@me/channels": forBot(discord, (call) => openChannel(discord, readObject(call))),
    "POST /channels/:id/messages": forBot(discord, (call, channelId: string) =>
      sendMessage(discord, channelId, readObject(call)),
    ),
  };
}

function openChannel({ mailbox, world }: Discord, body: Body): Answer {
  const { recipient_id } = body;
  if (recipient_id === undefined)
    refuse(invalidField("recipient_id", "BASE_TYPE_REQUIRED", "This field is required"));
  const user = world.users.get(String(recipient_id)) ?? refuse(UNKNOWN_USER);
  const id = mailbox.open(user, () => world.newId());
  return json(200, { id, type: 1, last_message_id: null, flags: 0, recipients: [user.seenByOthers()] });
}

function sendMessage(discord: Discord, channelId: string, body: Body): Answer {
  const { application, clock, mailbox, world } = discord;
  const recipient = mailbox.recipientOf(channelId);
  requireReach(discord, channelId, recipient);
  const content = readContent(body);
  const id = world.newId();
  mailbox.keep({ id, channelId, recipient, content, body });
  return json(200, {
    id,
    channel_id: channelId,
    type: 0,
    content,
    author: application.botUser,
    timestamp: toTimestamp(clock.now()),
    edited_timestamp: null,
    tts: body["tts"] ?? false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: body["embeds"] ?? [],
    pinned: false,
    flags: body["flags"] ?? 0,
    ...("nonce" in body && { nonce: body["nonce"] }),
  });
}

function requireReach(discord: Discord, channelId: string, recipient: SimulatedUser | undefined): void {
  const { behaviour, world } = discord;
  if (recipient === undefined) {
    const guilds = [...world.guilds.values()];
    const guild = guilds.find(({ channels }) => channels.some(({ id }) => id === channelId));
    if (guild === undefined) refuse(UNKNOWN_CHANNEL);
    if (!guild.bot) refuse(MISSING_ACCESS);
    return;
  }
  if (recipient.directMessagesClosed) refuse(CANNOT_MESSAGE_USER);
  if (behaviour.messagesNeedSharedGuild && !world.guildsOf(recipient).some((guild) => guild.bot)) {
    refuse(NO_SHARED_GUILD);
  }
}

function readContent(body: Body): string {
  const { content = "", embeds } = body;
  if (typeof content !== "string" || content.length > LONGEST_CONTENT) {
    refuse(invalidField("content", "BASE_TYPE_MAX_LENGTH", `Must be ${LONGEST_CONTENT} or fewer in length.`));
  }
  const embedCount = Array.isArray(embeds) ? embeds.length : 0;
  if (embedCount > MOST_EMBEDS) {
    refuse(invalidField("embeds", "BASE_TYPE_MAX_LENGTH", `Must be ${MOST_EMBEDS} or fewer in length.`));
  }
  const hasMore = embedCount > 0 || body["components"] || body["sticker_ids"] || body["poll"];
  return content === "" && !hasMore ? refuse(EMPTY_MESSAGE) : content;
}
