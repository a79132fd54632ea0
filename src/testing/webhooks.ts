import type { SimulatedChannel, SimulatedGuild } from "./guild.js";

/** An incoming webhook. Everybody who knows its URL can post to its channel. */
export interface SimulatedWebhook {
  readonly id: string;
  readonly token: string;
  readonly url: string;
  readonly name: string;
  readonly guild: SimulatedGuild;
  readonly channel: SimulatedChannel;
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
