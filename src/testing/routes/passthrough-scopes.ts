import type { CodeGrant } from "../authorization-codes.js";
import type { Discord } from "../discord.js";
import type { SimulatedGuild } from "../guild.js";
import { randomText } from "../random-text.js";
import { describeRoles } from "./guild-roles.js";

/** Adds the bot and makes the webhook where the user said; what the token response tells about it. */
export function addChosenPlaces(discord: Discord, grant: CodeGrant): Record<string, unknown> {
  const { guild, webhookPlace } = grant;
  if (guild !== undefined) addBot(guild, grant.botPermissions);
  return {
    ...(guild !== undefined && { guild: fullGuild(guild) }),
    ...(webhookPlace !== undefined && { webhook: createWebhook(discord, webhookPlace) }),
  };
}

/** Lets the bot into a guild, with the permissions the authorize URL asked for. */
export function addBot(guild: SimulatedGuild, permissions: bigint): void {
  guild.bot = true;
  guild.botPermissions = permissions;
}

function createWebhook(
  { application, url, world }: Discord,
  { guild, channel }: NonNullable<CodeGrant["webhookPlace"]>,
): Record<string, unknown> {
  const id = world.newId();
  const token = randomText(68);
  return {
    type: 1,
    id,
    name: application.name,
    avatar: null,
    channel_id: channel.id,
    guild_id: guild.id,
    application_id: application.id,
    token,
    url: `${url}/api/webhooks/${id}/${token}`,
  };
}

function fullGuild(guild: SimulatedGuild): Record<string, unknown> {
  const owner = [...guild.members.values()].find((member) => member.owner);
  return {
    id: guild.id,
    name: guild.name,
    icon: guild.icon,
    banner: guild.banner,
    description: null,
    splash: null,
    discovery_splash: null,
    features: guild.features,
    emojis: [],
    stickers: [],
    owner_id: owner?.user.id ?? null,
    roles: describeRoles(guild),
    afk_channel_id: null,
    afk_timeout: 300,
    system_channel_id: null,
    system_channel_flags: 0,
    rules_channel_id: null,
    public_updates_channel_id: null,
    preferred_locale: "en-US",
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    mfa_level: 0,
    nsfw_level: 0,
    premium_tier: 0,
    premium_progress_bar_enabled: false,
    vanity_url_code: null,
    max_members: guild.maxMembers,
  };
}
