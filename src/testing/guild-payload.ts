import type { Discord } from "./discord.js";
import type { SimulatedChannel, SimulatedGuild, SimulatedRole } from "./guild.js";

/** Returns the guild object of the API for members. */
export function guildPayload({ owner }: Discord, guild: SimulatedGuild): Record<string, unknown> {
  return {
    id: guild.id,
    name: guild.name,
    icon: guild.icon,
    banner: guild.banner,
    description: null,
    home_header: null,
    splash: null,
    discovery_splash: null,
    features: guild.features,
    emojis: [],
    stickers: [],
    owner_id: guild.owner?.user.id ?? owner.id,
    application_id: null,
    region: "deprecated",
    roles: rolePayloads(guild),
    afk_channel_id: null,
    afk_timeout: 300,
    system_channel_id: null,
    system_channel_flags: 0,
    widget_enabled: false,
    widget_channel_id: null,
    rules_channel_id: null,
    safety_alerts_channel_id: null,
    public_updates_channel_id: null,
    preferred_locale: "en-US",
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    mfa_level: 0,
    nsfw: false,
    nsfw_level: 0,
    premium_tier: 0,
    premium_subscription_count: 0,
    premium_progress_bar_enabled: false,
    vanity_url_code: null,
    max_members: guild.maxMembers,
    max_presences: null,
    max_stage_video_channel_users: 50,
    max_video_channel_users: 25,
    incidents_data: null,
  };
}

/** Returns the counts of a guild for `with_counts`. All members count as online. */
export function countsOf(guild: SimulatedGuild): Record<string, number> {
  return {
    approximate_member_count: guild.members.size,
    approximate_presence_count: guild.members.size,
  };
}

/** Returns the role objects of a guild, `@everyone` first. */
export function rolePayloads(guild: SimulatedGuild): object[] {
  return [...guild.roles.values()].map(rolePayload);
}

/** Returns the channel objects of a guild. */
export function channelPayloads(guild: SimulatedGuild): object[] {
  return guild.channels.map((channel) => channelPayload(guild, channel));
}

/** Returns the channel object of the API. */
export function channelPayload(guild: SimulatedGuild, channel: SimulatedChannel): object {
  return {
    id: channel.id,
    type: channel.type ?? 0,
    last_message_id: null,
    flags: 0,
    guild_id: guild.id,
    name: channel.name,
    parent_id: null,
    rate_limit_per_user: 0,
    topic: null,
    position: guild.channels.indexOf(channel),
    permission_overwrites: [],
    nsfw: false,
  };
}

function rolePayload({ id, name, permissions, color = 0 }: SimulatedRole, position: number): object {
  return {
    id,
    name,
    permissions: String(permissions),
    position,
    color,
    colors: { primary_color: color, secondary_color: null, tertiary_color: null },
    hoist: false,
    icon: null,
    unicode_emoji: null,
    managed: false,
    mentionable: false,
    flags: 0,
  };
}
