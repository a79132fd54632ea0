import { expect, it } from "vitest";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

async function withMember() {
  const discord = await startForTest();
  const [guild, user] = [discord.addGuild(), discord.addUser()];
  discord.addMember(guild, user);
  const path = `/guilds/${guild.id}/bans`;
  const call = (endpoint: string, extra = {}) => callApi(discord, endpoint, { bot: true, ...extra });
  return { discord, guild, user, path, call };
}

it("a banned member has left and cannot come back until pardoned", async () => {
  const { discord, guild, user, path, call } = await withMember();
  const headers = { "X-Audit-Log-Reason": encodeURIComponent("Spam – zweimal") };
  const banned = await call(`PUT ${path}/${user.id}`, { headers, json: { delete_message_seconds: 60 } });
  expect(banned.status).toBe(204);
  expect(guild.members.size).toBe(0);
  const ban = { reason: "Spam – zweimal", user: user.seenByOthers() };
  expect((await call(`GET ${path}/${user.id}`)).body).toEqual(ban);
  expect((await call(`GET ${path}`)).body).toEqual([ban]);
  const json = { access_token: discord.issueToken(user, ["guilds.join"]).access_token };
  const join = () => call(`PUT /guilds/${guild.id}/members/${user.id}`, { json });
  expect((await join()).body.code).toBe(40007);
  expect((await call(`DELETE ${path}/${user.id}`)).status).toBe(204);
  expect((await join()).status).toBe(201);
});

it("a user who was never a member can be banned, with no body and no reason", async () => {
  const { discord, path, call } = await withMember();
  const stranger = discord.addUser();
  expect((await call(`PUT ${path}/${stranger.id}`)).status).toBe(204);
  expect((await call(`GET ${path}/${stranger.id}`)).body.reason).toBeNull();
});

it("bans are listed by age, in pages", async () => {
  const { discord, guild, path, call } = await withMember();
  for (const id of ["30", "9", "200"]) guild.bans.add(discord.addUser({ id }).id);
  const list = async (query: string) =>
    (await call(`GET ${path}${query}`)).body.map((ban: { user: { id: string } }) => ban.user.id);
  expect(await list("")).toEqual(["9", "30", "200"]);
  expect(await list("?limit=1&after=9")).toEqual(["30"]);
  expect(await list("?before=200&limit=1")).toEqual(["30"]);
});

it("unknown bans and users, and wrong bodies, are refused", async () => {
  const { user, path, call } = await withMember();
  expect((await call(`GET ${path}/${user.id}`)).body.code).toBe(10026);
  expect((await call(`DELETE ${path}/${user.id}`)).body.code).toBe(10026);
  expect((await call(`GET ${path}/1`)).body.code).toBe(10013);
  expect((await call(`PUT ${path}/1`)).body.code).toBe(10013);
  for (const delete_message_seconds of [-1, 604_801, 0.5, "60"]) {
    expect((await call(`PUT ${path}/${user.id}`, { json: { delete_message_seconds } })).body.code).toBe(
      50035,
    );
  }
});

it("every route of bans needs the permission to ban", async () => {
  const { guild, user, path, call } = await withMember();
  guild.botPermissions = 1n << 1n;
  for (const endpoint of [
    `GET ${path}`,
    `GET ${path}/${user.id}`,
    `PUT ${path}/${user.id}`,
    `DELETE ${path}/${user.id}`,
  ]) {
    const { status, body } = await call(endpoint);
    expect([status, body.code]).toEqual([403, 50013]);
  }
});
