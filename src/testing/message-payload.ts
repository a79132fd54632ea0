import { isObject } from "./access.js";
import { publicUrlOf } from "./addresses.js";
import type { Discord } from "./discord.js";
import { textOf } from "./json-text.js";
import type { SentFile, SentMessage } from "./mailbox.js";
import { isTrue } from "./query-values.js";
import { readSnowflake } from "./snowflake.js";
import { toTimestamp } from "./timestamp.js";

/** Returns the message object of the API for a message that was just sent. */
export function messagePayload(discord: Discord, message: SentMessage, author: object): object {
  const { body, channelId, content, id } = message;
  return {
    id,
    channel_id: channelId,
    type: 0,
    content,
    author,
    timestamp: toTimestamp(discord.clock.now()),
    edited_timestamp: null,
    tts: isTrue(textOf(body["tts"])),
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: message.files.map((file) => attachmentPayload(discord, message, file)),
    embeds: embedsOf(body),
    components: Array.isArray(body["components"]) ? body["components"] : [],
    pinned: false,
    flags: Number(textOf(body["flags"])) || 0,
    ...("nonce" in body && { nonce: body["nonce"] }),
  };
}

function embedsOf({ embeds }: SentMessage["body"]): object[] {
  return objectsIn(embeds).map((embed) => ({
    type: "rich",
    ...embed,
    ...("fields" in embed && {
      fields: objectsIn(embed["fields"]).map((field) => ({ inline: false, ...field })),
    }),
  }));
}

function objectsIn(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function attachmentPayload(discord: Discord, { body, channelId }: SentMessage, file: SentFile): object {
  const { bytes, contentType, field, filename, id } = file;
  const address = `${publicUrlOf(discord)}/attachments/${channelId}/${id}/${encodeURIComponent(filename)}`;
  const described = Array.isArray(body["attachments"]) ? body["attachments"] : [];
  const { description } = described.find((one) => field === `files[${readSnowflake(one?.id)}]`) ?? {};
  return {
    id,
    filename,
    size: bytes.length,
    url: address,
    proxy_url: address,
    content_type: contentType,
    ...(description !== undefined && { description }),
  };
}
