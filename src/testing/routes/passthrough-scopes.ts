import type { CodeGrant } from "../authorization-codes.js";
import { createWebhook } from "../create-webhook.js";
import type { Discord } from "../discord.js";
import type { SimulatedGuild } from "../guild.js";
import { guildPayload } from "../guild-payload.js";
import { webhookPayload } from "../webhooks.js";

/** Adds the bot and creates the webhook where the user chose. @returns the fields of the token response about them */
export function addChosenPlaces(discord: Discord, grant: CodeGrant): Record<string, unknown> {
  const { guild, webhookPlace } = grant;
  if (guild !== undefined) addBot(guild, grant.botPermissions);
  return {
    ...(guild !== undefined && { guild: guildPayload(discord, guild) }),
    ...(webhookPlace !== undefined && {
      webhook: webhookPayload(createWebhook(discord, webhookPlace), discord.application.id),
    }),
  };
}

/** Adds the bot to a guild, with the permissions in the authorization URL. */
export function addBot(guild: SimulatedGuild, permissions: bigint): void {
  guild.bot = true;
  guild.botPermissions = permissions;
}
