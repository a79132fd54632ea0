import { describe, expect, it } from "vitest";
import type { DiscordSimulator } from "../../src/testing/index.js";
import { approved, authorizeUrl, CALLBACK, callApi, exchange, queryOf } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const MANAGE_GUILD = 32n;
const MANAGE_WEBHOOKS = 1n << 29n;

async function withGuild(discord: DiscordSimulator, permissions: bigint) {
  const user = discord.addUser();
  const guild = discord.addGuild({ bot: false, name: "Mira's", channels: [{ id: "77", name: "news" }] });
  discord.addMember(guild, user, { permissions });
  return { user, guild };
}

describe("the scope bot", () => {
  it("the scope bot adds the bot to the chosen guild, and the redirect names it", async () => {
    const discord = await startForTest();
    const { user, guild } = await withGuild(discord, MANAGE_GUILD);
    const url = authorizeUrl(discord, { scope: "bot identify", permissions: "2048" });
    const query = queryOf(await discord.approve(url, { user, guildId: guild.id }));
    expect(query).toMatchObject({ guild_id: guild.id, permissions: "2048", code: expect.any(String) });
    expect([guild.bot, guild.botPermissions]).toEqual([true, 2048n]);
    const { body } = await exchange(discord, query["code"]!);
    expect(body.guild).toMatchObject({
      id: guild.id,
      name: "Mira's",
      roles: [{ id: guild.id, name: "@everyone" }],
    });
  });

  it("the scope bot uses the URL's guild if the user names none", async () => {
    const discord = await startForTest();
    const { user, guild } = await withGuild(discord, MANAGE_GUILD);
    expect((await approved(discord, user, { scope: "bot", guild_id: guild.id }))["guild_id"]).toBe(guild.id);
  });

  it("the scope bot without response_type gives no code", async () => {
    const discord = await startForTest();
    const { user, guild } = await withGuild(discord, MANAGE_GUILD);
    const query = await approved(discord, user, {
      scope: "bot",
      response_type: undefined,
      guild_id: guild.id,
    });
    expect(query).toEqual({ guild_id: guild.id, permissions: "0", state: "s1" });
  });

  it("the scope bot is the default of an authorize URL without scopes", async () => {
    const discord = await startForTest();
    const { user, guild } = await withGuild(discord, MANAGE_GUILD);
    await approved(discord, user, { scope: undefined, response_type: undefined, guild_id: guild.id });
    expect(guild.bot).toBe(true);
  });

  it("the consent page asks again if no guild is chosen for the bot, or one that the user cannot manage", async () => {
    const discord = await startForTest();
    const { user, guild } = await withGuild(discord, MANAGE_WEBHOOKS);
    const url = authorizeUrl(discord, { scope: "bot" });
    await expect(discord.approve(url, { user, guildId: guild.id })).rejects.toThrow("Choose a server");
    await expect(discord.approve(url, { user })).rejects.toThrow("Choose a server");
    expect(guild.bot).toBe(false);
  });

  it("the scope bot adds the bot only at the exchange if the app requires one", async () => {
    const discord = await startForTest({ behaviour: { botRequiresCodeGrant: true } });
    const { user, guild } = await withGuild(discord, MANAGE_GUILD);
    const { code } = await approved(discord, user, { scope: "bot", guild_id: guild.id, permissions: "1" });
    expect(guild.bot).toBe(false);
    await exchange(discord, code!);
    expect([guild.bot, guild.botPermissions]).toEqual([true, 1n]);
  });

  it("the scope bot offers the guilds that each user manages, or only a fixed one", async () => {
    const discord = await startForTest();
    const { user, guild } = await withGuild(discord, MANAGE_GUILD);
    const [second, foreign] = [discord.addGuild({ name: "Second" }), discord.addGuild({ name: "Foreign" })];
    discord.addMember(second, user, { owner: true });
    discord.addMember(foreign, user);
    const offered = async (parameters: Record<string, string>) => {
      const page = await (await fetch(authorizeUrl(discord, { scope: "bot", ...parameters }))).text();
      return [...page.matchAll(/name="guild_id" value="(\d+)"( checked)?>/g)].map(
        ([, id, checked]) => id + (checked ?? ""),
      );
    };
    expect(await offered({ guild_id: second.id })).toEqual([guild.id, `${second.id} checked`]);
    expect(await offered({ guild_id: second.id, disable_guild_select: "true" })).toEqual([
      `${second.id} checked`,
    ]);
  });
});

describe("the scope webhook.incoming", () => {
  it("the scope webhook.incoming makes a new webhook at every exchange", async () => {
    const discord = await startForTest({ appName: "Feed" });
    const { user, guild } = await withGuild(discord, MANAGE_WEBHOOKS);
    const url = authorizeUrl(discord, { scope: "webhook.incoming" });
    const makeWebhook = async () => {
      const { code } = queryOf(await discord.approve(url, { user, channelId: "77" }));
      return (await exchange(discord, code!)).body.webhook;
    };
    const webhook = await makeWebhook();
    expect(webhook).toEqual({
      type: 1,
      id: expect.stringMatching(/^\d+$/),
      name: "Feed",
      avatar: null,
      channel_id: "77",
      guild_id: guild.id,
      application_id: discord.options.clientId,
      token: expect.any(String),
      url: `${discord.url}/api/webhooks/${webhook.id}/${webhook.token}`,
    });
    expect((await makeWebhook()).id).not.toBe(webhook.id);
  });

  it("the scope webhook.incoming asks again for a channel if the user manages no webhooks there", async () => {
    const discord = await startForTest();
    const { user } = await withGuild(discord, MANAGE_GUILD);
    const url = authorizeUrl(discord, { scope: "webhook.incoming" });
    await expect(discord.approve(url, { user, channelId: "77" })).rejects.toThrow("Choose a channel");
    await expect(discord.approve(url, { user })).rejects.toThrow("Choose a channel");
  });

  it("the scope webhook.incoming offers the channels by guild", async () => {
    const discord = await startForTest();
    await withGuild(discord, MANAGE_WEBHOOKS);
    const page = await (
      await fetch(authorizeUrl(discord, { scope: "webhook.incoming", channel_id: "77" }))
    ).text();
    expect(page).toContain('<option value="77" selected>Mira&#39;s: #news</option>');
  });
});

describe("plain logins", () => {
  it("a plain login gives neither a guild nor a webhook", async () => {
    const discord = await startForTest();
    const { user, guild } = await withGuild(discord, MANAGE_GUILD);
    const url = authorizeUrl(discord, { redirect_uri: CALLBACK });
    const { code, guild_id } = queryOf(await discord.approve(url, { user, guildId: guild.id }));
    const { body } = await exchange(discord, code!);
    expect([guild_id, body.guild, body.webhook, guild.bot]).toEqual([undefined, undefined, undefined, false]);
    expect((await callApi(discord, "GET /users/@me", { bearer: body.access_token })).status).toBe(200);
  });
});
