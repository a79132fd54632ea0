import { publicUrlOf } from "./addresses.js";
import type { Discord } from "./discord.js";
import type { SimulatedChannel, SimulatedGuild } from "./guild.js";
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
  const webhook = { id: world.newId(), name: application.name, guild, channel: place };
  return webhooks.create(publicUrlOf(discord), webhook);
}
