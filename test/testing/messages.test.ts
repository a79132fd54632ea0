import { describe, expect, it } from "vitest";
import type { DiscordSimulator } from "../../src/testing/index.js";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

async function withMember() {
  const discord = await startForTest();
  const [guild, user] = [discord.addGuild(), discord.addUser()];
  discord.addMember(guild, user);
  return { discord, guild, user };
}

function open(discord: DiscordSimulator, recipient_id: string) {
  return callApi(discord, "POST /users/@me/channels", { bot: true, json: { recipient_id } });
}

function write(discord: DiscordSimulator, channelId: string, json: unknown) {
  return callApi(discord, `POST /channels/${channelId}/messages`, { bot: true, json });
}

describe("POST /users/@me/channels", () => {
  it("the bot and a user have only one direct-message channel", async () => {
    const { discord, user } = await withMember();
    const { status, body } = await open(discord, user.id);
    expect([status, body]).toEqual([
      200,
      { id: expect.any(String), type: 1, last_message_id: null, flags: 0, recipients: [user.seenByOthers()] },
    ]);
    expect((await open(discord, user.id)).body.id).toBe(body.id);
    expect((await open(discord, discord.addUser().id)).body.id).not.toBe(body.id);
  });

  it("a direct message to an unknown user, or to none, is refused", async () => {
    const discord = await startForTest();
    expect((await open(discord, "1")).body.code).toBe(10013);
    const { body } = await callApi(discord, "POST /users/@me/channels", { bot: true, json: {} });
    expect(body.errors.recipient_id._errors[0].code).toBe("BASE_TYPE_REQUIRED");
  });
});

describe("POST /channels/:id/messages", () => {
  it("a message of the bot to a user is kept", async () => {
    const { discord, user } = await withMember();
    const channel = (await open(discord, user.id)).body;
    const { status, body } = await write(discord, channel.id, { content: "Welcome!", nonce: "n", flags: 4 });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      channel_id: channel.id,
      content: "Welcome!",
      nonce: "n",
      flags: 4,
      author: { bot: true },
    });
    expect(discord.messages).toEqual([
      {
        id: body.id,
        channelId: channel.id,
        recipient: user,
        content: "Welcome!",
        body: { content: "Welcome!", nonce: "n", flags: 4 },
        files: [],
      },
    ]);
  });

  it("a message of the bot to a channel of a guild is kept", async () => {
    const { discord, guild } = await withMember();
    const channelId = guild.channels[0]!.id;
    expect((await write(discord, channelId, { embeds: [{ title: "News" }] })).body.embeds).toEqual([
      { type: "rich", title: "News" },
    ]);
    expect(discord.messages).toMatchObject([{ channelId, recipient: undefined, content: "" }]);
    guild.bot = false;
    expect((await write(discord, channelId, { content: "x" })).body.code).toBe(50001);
  });

  it.each([
    [{}, 50006, 400],
    [{ content: "" }, 50006, 400],
    [{ content: "x".repeat(2001) }, 50035, 400],
    [{ content: 1 }, 50035, 400],
    [{ embeds: Array.from({ length: 11 }, () => ({})) }, 50035, 400],
  ])("a message is refused with a body such as $0", async (body, code, status) => {
    const { discord, guild } = await withMember();
    const answer = await write(discord, guild.channels[0]!.id, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(discord.messages).toEqual([]);
  });

  it("the lengths of a message and its nonce count an emoji as one character", async () => {
    const discord = await startForTest();
    const [channel] = discord.addGuild().channels;
    const statusOf = async (length: number, nonceLength: number) => {
      const json = { content: "😀".repeat(length), nonce: "😀".repeat(nonceLength) };
      return (await write(discord, channel!.id, json)).status;
    };
    expect([await statusOf(2000, 25), await statusOf(2001, 25), await statusOf(2000, 26)]).toEqual([
      200, 400, 400,
    ]);
  });

  it("the fields of an embed are returned with inline", async () => {
    const discord = await startForTest();
    const [channel] = discord.addGuild().channels;
    const fields = [
      { name: "a", value: "1" },
      { name: "b", value: "2", inline: true },
    ];
    const json = { embeds: [{ title: "T", fields }, { fields: [null, "text"] }, { fields: 5 }] };
    const { body } = await callApi(discord, `POST /channels/${channel!.id}/messages`, { bot: true, json });
    expect(body.embeds).toEqual([
      { type: "rich", title: "T", fields: [{ ...fields[0], inline: false }, fields[1]] },
      { type: "rich", fields: [] },
      { type: "rich", fields: [] },
    ]);
  });

  it("a message to an unknown channel is refused", async () => {
    const discord = await startForTest();
    const { status, body } = await write(discord, "1", { content: "x" });
    expect([status, body]).toEqual([404, { message: "Unknown Channel", code: 10003 }]);
  });

  it("a message is refused to users who accept none, or share no guild with the bot", async () => {
    const { discord, guild, user } = await withMember();
    const channel = (await open(discord, user.id)).body;
    user.directMessagesClosed = true;
    const closed = await write(discord, channel.id, { content: "x" });
    expect([closed.status, closed.body.code]).toEqual([403, 50007]);
    user.directMessagesClosed = false;
    guild.bot = false;
    const apart = await write(discord, channel.id, { content: "x" });
    expect([apart.status, apart.body.code]).toEqual([403, 50278]);
    discord.behaviour.messagesNeedSharedGuild = false;
    expect((await write(discord, channel.id, { content: "x" })).status).toBe(200);
  });
});
