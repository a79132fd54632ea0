import type { CodeGrant } from "../authorization-codes.js";
import { createWebhook } from "../create-webhook.js";
import type { Discord } from "../discord.js";
import { guildPayload } from "../guild-payload.js";
import { webhookPayload } from "../webhooks.js";

/** Adds the bot and creates the webhook where the user chose. @returns the fields of the token response about them */
export function addChosenPlaces(discord: Discord, grant: CodeGrant): Record<string, unknown> {
  const { botPlace, webhookPlace } = grant;
  if (botPlace !== undefined) addBot(botPlace);
  return {
    ...(botPlace !== undefined && { guild: guildPayload(discord, botPlace.guild) }),
    ...(webhookPlace !== undefined && {
      webhook: webhookPayload(createWebhook(discord, webhookPlace), discord.application.id),
    }),
  };
}

/** Adds the bot to a guild, with the permissions in the authorization URL. */
export function addBot({ guild, permissions }: NonNullable<CodeGrant["botPlace"]>): void {
  guild.bot = true;
  guild.botPermissions = permissions;
}
