import type { SimulatedChannel, SimulatedGuild } from "./guild.js";
import { randomText } from "./random-text.js";

/** An incoming webhook. Everybody who knows its URL can post to its channel. */
export interface SimulatedWebhook {
  readonly id: string;
  readonly token: string;
  readonly url: string;
  readonly name: string;
  readonly guild: SimulatedGuild;
  readonly channel: SimulatedChannel;
}

/** The channel and the name of a webhook. */
export interface NewWebhook {
  readonly id: string;
  readonly name: string;
  readonly guild: SimulatedGuild;
  readonly channel: SimulatedChannel;
}

/** The incoming webhooks, by id. */
export class Webhooks extends Map<string, SimulatedWebhook> {
  /** Creates a webhook at the simulator with this URL. */
  create(baseUrl: string, webhook: NewWebhook): SimulatedWebhook {
    const token = randomText(68);
    const created = { ...webhook, token, url: `${baseUrl}/api/webhooks/${webhook.id}/${token}` };
    this.set(webhook.id, created);
    return created;
  }
}

/** Returns the webhook object of the API, including the token. */
export function webhookPayload(webhook: SimulatedWebhook, applicationId: string): Record<string, unknown> {
  const { channel, guild, id, name, token, url } = webhook;
  return {
    type: 1,
    id,
    name,
    avatar: null,
    channel_id: channel.id,
    guild_id: guild.id,
    application_id: applicationId,
    token,
    url,
  };
}

/** Returns the user object of a webhook in messages. */
export function webhookAuthor({ id, name }: SimulatedWebhook, username: unknown): object {
  return {
    id,
    username: typeof username === "string" && username !== "" ? username : name,
    discriminator: "0000",
    global_name: null,
    avatar: null,
    bot: true,
    flags: 0,
    public_flags: 0,
    primary_guild: null,
  };
}
