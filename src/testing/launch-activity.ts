import { randomUUID } from "node:crypto";
import { FrameServer } from "./activity-frame-server.js";
import type { SimulatedActivityInstance } from "./activity-instances.js";
import { publicUrlOf } from "./addresses.js";
import type { Discord } from "./discord.js";
import type { ActivityFrame, ActivityOptions, OpenActivity } from "./open-activity.js";
import { requireWebUrl } from "./web-url.js";

/**
 * Opens an Activity in the simulated client.
 *
 * @throws TypeError when `appUrl` is not an http or https URL
 */
export async function launchActivity(
  discord: Discord,
  instance: SimulatedActivityInstance,
  { appUrl, platform = "desktop", port = 0, signed = true }: ActivityOptions,
): Promise<OpenActivity> {
  requireWebUrl("appUrl", appUrl);
  const { activityFrames, application, clock, host } = discord;
  const clientUrl = publicUrlOf(discord);
  const server = await FrameServer.start({
    application,
    clock,
    appUrl: new URL(appUrl),
    signed,
    hostname: hostnameBeside(clientUrl),
    host,
    port,
  });
  const id = randomUUID();
  const frameUrl = `${server.origin}/?${launchQuery(instance, id, platform)}`;
  const frame: ActivityFrame = {
    id,
    appUrl,
    url: `${clientUrl}/activities/${id}`,
    frameUrl,
    instance,
    logs: [],
    async close() {
      activityFrames.delete(id);
      await server.close();
    },
  };
  activityFrames.set(id, frame);
  return frame;
}

/** Uses another host name for the frame than for the page, because at Discord they are different sites too. */
function hostnameBeside(clientUrl: string): string {
  return new URL(clientUrl).hostname === "localhost" ? "127.0.0.1" : "localhost";
}

function launchQuery(
  { channelId, guild, id, launchId }: SimulatedActivityInstance,
  frameId: string,
  platform: string,
): URLSearchParams {
  return new URLSearchParams({
    instance_id: id,
    location_id: id.slice(`i-${launchId}-`.length),
    launch_id: launchId,
    channel_id: channelId,
    ...(guild && { guild_id: guild.id }),
    frame_id: frameId,
    platform,
  });
}
