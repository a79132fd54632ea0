import { expect, it } from "vitest";
import { authorizeUrl, callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

it("the simulator's start page shows users, guilds and requests, without secrets", async () => {
  const discord = await startForTest({ appName: "Shop <app>" });
  const user = discord.addUser({ username: "mira.k", global_name: "<b>Mira</b>" });
  const guild = discord.addGuild({ name: "Test & guild", icon: "abc" });
  discord.addMember(guild, user);
  const bearer = discord.issueToken(user, ["identify"]).access_token;
  await callApi(discord, "GET /users/@me?secret=1", { bearer });
  discord.fail({ kind: "status", status: 503 });
  await callApi(discord, "GET /users/@me", { bearer });
  const json = { content: "Welcome <i>all</i>" };
  await callApi(discord, `POST /channels/${guild.channels[0]!.id}/messages`, { bot: true, json });
  const text = await (await fetch(discord.url)).text();
  expect(text).toContain("Shop &lt;app&gt;");
  expect(text).toContain("&lt;b&gt;Mira&lt;/b&gt;");
  expect(text).toContain("Test &amp; guild");
  expect(text).toContain(`/icons/${guild.id}/abc.png?size=64`);
  expect(text).toContain("1 member, with the bot");
  expect(text).toContain("<code>GET /users/@me</code> 200");
  expect(text).toContain("<code>GET /users/@me</code> 503 (status)");
  expect(text).toContain("<strong>#general</strong> Welcome &lt;i&gt;all&lt;/i&gt;");
  for (const secret of [bearer, discord.options.botToken, discord.options.clientSecret, "secret=1"]) {
    expect(text).not.toContain(secret);
  }
});

it("the simulator's start page lets you sign in as anyone, whom the consent page then proposes", async () => {
  const discord = await startForTest();
  discord.addUser();
  const second = discord.addUser();
  const body = new URLSearchParams({ user_id: second.id });
  const answer = await fetch(`${discord.url}/sign-in`, { method: "POST", body, redirect: "manual" });
  expect([answer.status, answer.headers.get("location")]).toEqual([302, "/"]);
  const headers = { Cookie: answer.headers.get("set-cookie")!.split(";")[0]! };
  const page = await (await fetch(authorizeUrl(discord), { headers })).text();
  expect(page).toContain(`value="${second.id}" required checked`);
  expect(await (await fetch(discord.url, { headers })).text()).toContain("<strong>Signed in</strong>");
});

it("the simulator's start page ignores a wrong id, and has a user if none was added", async () => {
  const discord = await startForTest();
  const body = new URLSearchParams({ user_id: "1" });
  expect((await fetch(`${discord.url}/sign-in`, { method: "POST", body })).status).toBe(400);
  expect(await (await fetch(discord.url)).text()).toContain("mira.k");
});
