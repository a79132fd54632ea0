import { type Answer, json, noContent, refuse } from "../answer.js";
import { INVALID_WEBHOOK_TOKEN, notSnowflake, UNKNOWN_WEBHOOK } from "../api-errors.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import { readMessage } from "../message-body.js";
import { messagePayload } from "../message-payload.js";
import { isTrue } from "../query-values.js";
import type { Routes } from "../router.js";
import { isSnowflake } from "../snowflake.js";
import { type SimulatedWebhook, webhookAuthor, webhookPayload } from "../webhooks.js";

/** Routes of incoming webhooks, which need only the webhook's token. */
export function webhookRoutes(discord: Discord): Routes {
  const { application, webhooks } = discord;
  return {
    "GET /webhooks/:id/:token": (call) =>
      json(200, webhookPayload(findWebhook(discord, call), application.id)),
    "POST /webhooks/:id/:token": (call) => execute(discord, call, findWebhook(discord, call)),
    "DELETE /webhooks/:id/:token": (call) => {
      webhooks.delete(findWebhook(discord, call).id);
      return noContent();
    },
  };
}

function findWebhook({ webhooks }: Discord, { ids }: Call): SimulatedWebhook {
  const [id, token] = ids.map(({ value }) => value);
  if (id === undefined || !isSnowflake(id)) return refuse(notSnowflake("webhook_id", id));
  const webhook = webhooks.get(id) ?? refuse(UNKNOWN_WEBHOOK);
  return webhook.token === token ? webhook : refuse(INVALID_WEBHOOK_TOKEN);
}

function execute(discord: Discord, call: Call, webhook: SimulatedWebhook): Answer {
  const message = discord.mailbox.keep(
    { channelId: webhook.channel.id, recipient: undefined, webhookId: webhook.id, ...readMessage(call) },
    () => discord.world.newId(),
  );
  if (!isTrue(call.query["wait"])) return noContent();
  const author = webhookAuthor(webhook, message.body["username"]);
  return json(200, { ...messagePayload(discord, message, author), webhook_id: webhook.id });
}
