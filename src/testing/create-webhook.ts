import { publicUrlOf } from "./addresses.js";
import type { Discord } from "./discord.js";
import type { SimulatedChannel, SimulatedGuild } from "./guild.js";
import { randomText } from "./random-text.js";
import type { SimulatedWebhook } from "./webhooks.js";

/** The guild and channel of a new webhook. */
export interface WebhookPlace {
  readonly guild: SimulatedGuild;
  /** The channel. Default: the first channel of the guild. */
  readonly channel?: SimulatedChannel | undefined;
}

/** Creates a webhook of the application. @throws TypeError when the guild has no channel */
export function createWebhook(discord: Discord, { guild, channel }: WebhookPlace): SimulatedWebhook {
  const { application, webhooks, world } = discord;
  const place = channel ?? guild.channels[0];
  if (place === undefined) throw new TypeError("The guild has no channel for a webhook.");
  const [id, token] = [world.newId(), randomText(68)];
  const url = `${publicUrlOf(discord)}/api/webhooks/${id}/${token}`;
  const webhook = { id, name: application.name, guild, channel: place, token, url };
  webhooks.set(id, webhook);
  return webhook;
}
