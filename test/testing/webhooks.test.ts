import { expect, it } from "vitest";
import { approved, exchange } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

async function withWebhook() {
  const discord = await startForTest();
  const guild = discord.addGuild();
  const webhook = discord.addWebhook(guild);
  const post = (url: string, json: unknown) =>
    fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(json),
    });
  return { discord, guild, webhook, post };
}

it("the webhook that a user grants accepts messages at its URL", async () => {
  const { discord, guild, post } = await withWebhook();
  const user = discord.addUser();
  discord.addMember(guild, user, { owner: true });
  const channelId = guild.channels[0]!.id;
  const { code } = await approved(discord, user, { scope: "webhook.incoming", channel_id: channelId });
  const { webhook } = (await exchange(discord, code!)).body;
  expect((await post(webhook.url, { content: "Hello" })).status).toBe(204);
  expect(discord.messages).toMatchObject([{ channelId, webhookId: webhook.id, content: "Hello" }]);
});

it("a message sent with wait is returned", async () => {
  const { webhook, post } = await withWebhook();
  const response = await post(`${webhook.url}?wait=true`, { content: "Hello", username: "Herald" });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    content: "Hello",
    channel_id: webhook.channel.id,
    webhook_id: webhook.id,
    author: { id: webhook.id, username: "Herald", bot: true },
  });
});

it("the files of a webhook's message are kept, and the bot need not be in the guild", async () => {
  const { discord, guild, webhook } = await withWebhook();
  guild.bot = false;
  const body = new FormData();
  body.set("files[0]", new File(["text"], "notes.txt"));
  expect((await fetch(webhook.url, { method: "POST", body })).status).toBe(204);
  expect(discord.messages[0]?.files[0]?.filename).toBe("notes.txt");
});

it("a webhook describes itself until it is deleted", async () => {
  const { webhook, guild, post } = await withWebhook();
  const described = await (await fetch(webhook.url)).json();
  expect(described).toMatchObject({
    id: webhook.id,
    token: webhook.token,
    url: webhook.url,
    guild_id: guild.id,
  });
  expect((await fetch(webhook.url, { method: "DELETE" })).status).toBe(204);
  const gone = await post(webhook.url, { content: "x" });
  expect([gone.status, await gone.json()]).toEqual([404, { message: "Unknown Webhook", code: 10015 }]);
});

it("a webhook with a wrong token or id, or a wrong message, is refused", async () => {
  const { discord, webhook, post } = await withWebhook();
  const answerTo = async (url: string, json: unknown) => {
    const response = await post(url, json);
    return [response.status, ((await response.json()) as { code: number }).code];
  };
  expect(await answerTo(`${webhook.url}x`, { content: "x" })).toEqual([401, 50027]);
  expect(await answerTo(`${discord.url}/api/webhooks/1/x`, { content: "x" })).toEqual([404, 10015]);
  expect(await answerTo(`${discord.url}/api/webhooks/x/x`, { content: "x" })).toEqual([400, 50035]);
  expect(await answerTo(webhook.url, {})).toEqual([400, 50006]);
  expect(discord.messages).toEqual([]);
});

it("a rate limit counts each webhook apart", async () => {
  const { discord, guild, webhook, post } = await withWebhook();
  discord.limit({ route: "POST /webhooks/:id/:token", limit: 1, windowMs: 1000 });
  const other = discord.addWebhook(guild);
  const statuses = [];
  for (const { url } of [webhook, webhook, other]) statuses.push((await post(url, { content: "x" })).status);
  expect(statuses).toEqual([204, 429, 204]);
});

it("no webhook can be made in a guild without channels", async () => {
  const { discord } = await withWebhook();
  expect(() => discord.addWebhook(discord.addGuild({ channels: [] }))).toThrow(TypeError);
});

it.each([
  ["application/x-www-form-urlencoded", new URLSearchParams({ content: "Hello", tts: "true", flags: "4" })],
  [
    "payload_json of such a form",
    new URLSearchParams({ payload_json: '{"content":"Hello","tts":true,"flags":4}' }),
  ],
])("a message may be sent as %s", async (_what, body) => {
  const { discord, webhook } = await withWebhook();
  const response = await fetch(`${webhook.url}?wait=true`, { method: "POST", body });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ content: "Hello", tts: true, flags: 4 });
  expect(discord.messages).toMatchObject([{ content: "Hello", webhookId: webhook.id }]);
});
