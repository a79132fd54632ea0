import { describe, expect, it } from "vitest";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

describe("GET /guilds/:id/roles", () => {
  it("the bot gets the list of roles, @everyone first", async () => {
    const discord = await startForTest();
    const guild = discord.addGuild({
      roles: [{ id: "7", name: "Organiser", permissions: 8n, color: 0xe67e22 }],
    });
    const { status, body } = await callApi(discord, `GET /guilds/${guild.id}/roles`, { bot: true });
    expect(status).toBe(200);
    expect(body).toMatchObject([
      { id: guild.id, name: "@everyone", position: 0, color: 0 },
      { id: "7", name: "Organiser", permissions: "8", position: 1, color: 0xe67e22 },
    ]);
  });

  it("the list of roles is refused to a bot outside the guild, and to users", async () => {
    const discord = await startForTest();
    const stranger = discord.addGuild({ bot: false });
    const guild = discord.addGuild();
    const { access_token: bearer } = discord.issueToken(discord.addUser(), ["guilds"]);
    const asBot = await callApi(discord, `GET /guilds/${stranger.id}/roles`, { bot: true });
    const asUser = await callApi(discord, `GET /guilds/${guild.id}/roles`, { bearer });
    expect([asBot.status, asBot.body.code]).toEqual([403, 50001]);
    expect(asUser.status).toBe(401);
  });
});
