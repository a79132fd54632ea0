import { publicUrlOf } from "../addresses.js";
import type { CodeGrant } from "../authorization-codes.js";
import type { Discord } from "../discord.js";
import type { SimulatedGuild } from "../guild.js";
import { guildPayload } from "../guild-payload.js";
import { webhookPayload } from "../webhooks.js";

/** Adds the bot and makes the webhook where the user said; what the token response tells about it. */
export function addChosenPlaces(discord: Discord, grant: CodeGrant): Record<string, unknown> {
  const { guild, webhookPlace } = grant;
  if (guild !== undefined) addBot(guild, grant.botPermissions);
  return {
    ...(guild !== undefined && { guild: guildPayload(discord, guild) }),
    ...(webhookPlace !== undefined && { webhook: createWebhook(discord, webhookPlace) }),
  };
}

/** Lets the bot into a guild, with the permissions the authorize URL asked for. */
export function addBot(guild: SimulatedGuild, permissions: bigint): void {
  guild.bot = true;
  guild.botPermissions = permissions;
}

function createWebhook(
  discord: Discord,
  place: NonNullable<CodeGrant["webhookPlace"]>,
): Record<string, unknown> {
  const { application, webhooks, world } = discord;
  const webhook = webhooks.create(publicUrlOf(discord), {
    id: world.newId(),
    name: application.name,
    ...place,
  });
  return webhookPayload(webhook, application.id);
}
