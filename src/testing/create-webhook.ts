import { publicUrlOf } from "./addresses.js";
import type { Discord } from "./discord.js";
import type { SimulatedChannel, SimulatedGuild } from "./guild.js";
import type { SimulatedWebhook } from "./webhooks.js";

/** Where a webhook posts. */
export interface WebhookPlace {
  readonly guild: SimulatedGuild;
  /** Absent: the first channel of the guild. */
  readonly channel?: SimulatedChannel | undefined;
}

/** Makes a webhook of the application. @throws TypeError when the guild has no channel */
export function createWebhook(discord: Discord, { guild, channel }: WebhookPlace): SimulatedWebhook {
  const { application, webhooks, world } = discord;
  const place = channel ?? guild.channels[0];
  if (place === undefined) throw new TypeError("The guild has no channel for a webhook.");
  const webhook = { id: world.newId(), name: application.name, guild, channel: place };
  return webhooks.create(publicUrlOf(discord), webhook);
}
