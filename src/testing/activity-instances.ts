import type { SimulatedChannel, SimulatedGuild } from "./guild.js";
import type { SimulatedUser } from "./user.js";
import type { World } from "./world.js";

/** The fields of a new Activity instance. Missing fields are made up. */
export interface NewActivityInstance {
  /** The guild. Default: none, the Activity runs in a direct message. */
  readonly guild?: SimulatedGuild;
  /** The channel. Default: the first channel of the guild. */
  readonly channel?: SimulatedChannel;
  /** The participants. */
  readonly users?: readonly SimulatedUser[];
}

/** A running Activity. */
export interface SimulatedActivityInstance {
  /** The instance id of the Embedded App SDK: `i-<launch id>-gc-<guild>-<channel>` or `i-<launch id>-pc-<channel>`. */
  readonly id: string;
  readonly launchId: string;
  readonly guild: SimulatedGuild | undefined;
  readonly channelId: string;
  /** The current participants. Tests may add and remove users. */
  readonly users: Set<SimulatedUser>;
}

/** Starts an Activity. */
export function launchInstance(
  { activityInstances, world }: { activityInstances: Map<string, SimulatedActivityInstance>; world: World },
  { guild, channel, users }: NewActivityInstance,
): SimulatedActivityInstance {
  const launchId = world.newId();
  const channelId = (channel ?? guild?.channels[0])?.id ?? world.newId();
  const id = `i-${launchId}-${placeOf(guild, channelId)}`;
  const instance = { id, launchId, guild, channelId, users: new Set(users) };
  activityInstances.set(id, instance);
  return instance;
}

/** The activity instance object of the API. */
export function activityInstancePayload(instance: SimulatedActivityInstance, applicationId: string): object {
  const { channelId, guild, id, launchId, users } = instance;
  const channel = { id: placeOf(guild, channelId), channel_id: channelId };
  return {
    application_id: applicationId,
    instance_id: id,
    launch_id: launchId,
    location: guild ? { ...channel, kind: "gc", guild_id: guild.id } : { ...channel, kind: "pc" },
    users: [...users].map((user) => user.id),
  };
}

function placeOf(guild: SimulatedGuild | undefined, channelId: string): string {
  return guild ? `gc-${guild.id}-${channelId}` : `pc-${channelId}`;
}
