import type { DiscordOAuth2Session, WebhookEvent } from "express-discord";
import { createClient } from "redis";

const CHANNEL = "discord-deauthorized";

/**
 * Tells every process that a user has removed the application, by Redis pub/sub. Call it once in each process.
 *
 * @returns the `onEvent` of webhookEvents
 */
export async function shareDeauthorizations(
  discord: DiscordOAuth2Session,
  redisUrl: string,
): Promise<(event: WebhookEvent) => Promise<void>> {
  // A connection that has subscribed can do nothing else.
  const [publisher, subscriber] = [createClient({ url: redisUrl }), createClient({ url: redisUrl })];
  for (const client of [publisher, subscriber]) await client.on("error", console.error).connect();
  await subscriber.subscribe(CHANNEL, (message) => {
    const { userId, timestamp } = JSON.parse(message);
    discord.deauthorize(userId, new Date(timestamp));
  });

  return async function onEvent({ type, data, timestamp }) {
    if (type !== "APPLICATION_DEAUTHORIZED") return;
    await publisher.publish(CHANNEL, JSON.stringify({ userId: data.user.id, timestamp }));
  };
}
