import { expect, it } from "vitest";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

it("the server can find out who takes part in an Activity", async () => {
  const discord = await startForTest();
  const [guild, user, late] = [discord.addGuild(), discord.addUser(), discord.addUser()];
  const instance = discord.addActivityInstance({ guild, users: [user] });
  const { clientId } = discord.options;
  const find = () =>
    callApi(discord, `GET /applications/${clientId}/activity-instances/${instance.id}`, { bot: true });
  const channelId = guild.channels[0]!.id;
  expect((await find()).body).toEqual({
    application_id: clientId,
    instance_id: `i-${instance.launchId}-gc-${guild.id}-${channelId}`,
    launch_id: instance.launchId,
    location: { id: `gc-${guild.id}-${channelId}`, kind: "gc", channel_id: channelId, guild_id: guild.id },
    users: [user.id],
  });
  instance.users.add(late);
  expect((await find()).body.users).toEqual([user.id, late.id]);
  discord.removeActivityInstance(instance);
  expect((await find()).status).toBe(404);
});

it("an Activity may run in a direct message", async () => {
  const discord = await startForTest();
  const instance = discord.addActivityInstance();
  const endpoint = `GET /applications/${discord.options.clientId}/activity-instances/${instance.id}`;
  const { body } = await callApi(discord, endpoint, { bot: true });
  expect(body.location).toEqual({
    id: `pc-${instance.channelId}`,
    kind: "pc",
    channel_id: instance.channelId,
  });
});

it("another application's Activities, and other callers, are refused", async () => {
  const discord = await startForTest();
  const { id } = discord.addActivityInstance();
  const foreign = await callApi(discord, `GET /applications/1/activity-instances/${id}`, { bot: true });
  expect([foreign.status, foreign.body.code]).toEqual([404, 10002]);
  const endpoint = `GET /applications/${discord.options.clientId}/activity-instances/${id}`;
  expect((await callApi(discord, endpoint)).status).toBe(401);
});
