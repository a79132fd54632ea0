import type { SimulatedChannel, SimulatedGuild } from "./guild.js";
import { randomText } from "./random-text.js";

/** An incoming webhook: whoever knows its URL can post to its channel. */
export interface SimulatedWebhook {
  readonly id: string;
  readonly token: string;
  readonly url: string;
  readonly name: string;
  readonly guild: SimulatedGuild;
  readonly channel: SimulatedChannel;
}

/** Where a webhook posts, and what it is called. */
export interface NewWebhook {
  readonly id: string;
  readonly name: string;
  readonly guild: SimulatedGuild;
  readonly channel: SimulatedChannel;
}

/** The incoming webhooks, by id. */
export class Webhooks extends Map<string, SimulatedWebhook> {
  /** Makes a webhook at the simulator that has this address. */
  create(baseUrl: string, webhook: NewWebhook): SimulatedWebhook {
    const token = randomText(68);
    const created = { ...webhook, token, url: `${baseUrl}/api/webhooks/${webhook.id}/${token}` };
    this.set(webhook.id, created);
    return created;
  }
}

/** The webhook object of the API, token included. */
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

/** The user object that stands for a webhook in messages. */
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
