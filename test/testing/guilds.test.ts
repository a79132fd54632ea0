import { describe, expect, it } from "vitest";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

describe("GET /guilds/:id", () => {
  it("the bot can read a guild, with counts on request", async () => {
    const discord = await startForTest();
    const guild = discord.addGuild({ name: "Test guild", features: ["COMMUNITY"] });
    const owner = discord.addUser();
    discord.addMember(guild, owner, { owner: true });
    const { status, body } = await callApi(discord, `GET /guilds/${guild.id}`, { bot: true });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: guild.id,
      name: "Test guild",
      owner_id: owner.id,
      features: ["COMMUNITY"],
    });
    expect(body.roles).toMatchObject([{ id: guild.id, name: "@everyone" }]);
    expect(body).not.toHaveProperty("approximate_member_count");
    const counted = await callApi(discord, `GET /guilds/${guild.id}?with_counts=true`, { bot: true });
    expect(counted.body).toMatchObject({ approximate_member_count: 1, approximate_presence_count: 1 });
  });

  it.each([
    ["", [404, 10004]],
    ["/channels", [403, 50001]],
    ["/members", [403, 50001]],
    ["/roles", [403, 50001]],
  ])("the route GET /guilds/:id%s is only for a bot in the guild", async (suffix, refusal) => {
    const discord = await startForTest();
    const guild = discord.addGuild({ bot: false });
    const answerTo = async (id: string, call: object) => {
      const { status, body } = await callApi(discord, `GET /guilds/${id}${suffix}`, call);
      return [status, body.code];
    };
    expect(await answerTo(guild.id, { bot: true })).toEqual(refusal);
    expect(await answerTo("1", { bot: true })).toEqual([404, 10004]);
    const bearer = discord.issueToken(discord.addUser(), ["guilds"]).access_token;
    expect(await answerTo(guild.id, { bearer })).toEqual([401, 0]);
  });
});

describe("channels", () => {
  it("channels can be listed, and read one by one", async () => {
    const discord = await startForTest();
    const channels = [
      { id: "51", name: "general" },
      { id: "52", name: "Voice", type: 2 },
    ];
    const guild = discord.addGuild({ channels });
    const list = await callApi(discord, `GET /guilds/${guild.id}/channels`, { bot: true });
    expect(list.body).toMatchObject([
      { id: "51", name: "general", type: 0, position: 0, guild_id: guild.id },
      { id: "52", name: "Voice", type: 2, position: 1 },
    ]);
    expect((await callApi(discord, "GET /channels/52", { bot: true })).body).toEqual(list.body[1]);
  });

  it("channels that the bot may not view are hidden", async () => {
    const discord = await startForTest();
    const guild = discord.addGuild({ botPermissions: 0n });
    const { status, body } = await callApi(discord, `GET /channels/${guild.channels[0]!.id}`, { bot: true });
    expect([status, body.code]).toEqual([403, 50001]);
    expect((await callApi(discord, "GET /channels/1", { bot: true })).body.code).toBe(10003);
  });

  it("channels may be direct messages", async () => {
    const discord = await startForTest();
    const json = { recipient_id: discord.addUser().id };
    const opened = await callApi(discord, "POST /users/@me/channels", { bot: true, json });
    const found = await callApi(discord, `GET /channels/${opened.body.id}`, { bot: true });
    expect(found.body).toEqual(opened.body);
  });

  it.each([
    [1n << 11n, {}, 50001],
    [1n << 10n, {}, 50013],
    [(1n << 10n) | (1n << 11n), {}, undefined],
    [(1n << 10n) | (1n << 11n), { file: true }, 50013],
    [(1n << 10n) | (1n << 11n) | (1n << 15n), { file: true }, undefined],
  ])(
    "channels accept messages from a bot with permissions %s and %j: %s",
    async (botPermissions, { file }: { file?: boolean }, code) => {
      const discord = await startForTest();
      const channelId = discord.addGuild({ botPermissions }).channels[0]!.id;
      const form = new FormData();
      form.set("content", "x");
      if (file) form.set("file", new File(["x"], "x.txt"));
      const { body } = await callApi(discord, `POST /channels/${channelId}/messages`, {
        bot: true,
        raw: form,
      });
      expect(body.code).toBe(code);
    },
  );
});
