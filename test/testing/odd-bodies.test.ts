import { expect, it } from "vitest";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

/** An object that no template can turn into text. */
const UNPRINTABLE = { toString: 1, valueOf: 1 };

it("objects in place of numbers and ids are refused as invalid fields", async () => {
  const discord = await startForTest();
  const [guild, user] = [discord.addGuild(), discord.addUser()];
  discord.addMember(guild, user);
  const open = await callApi(discord, "POST /users/@me/channels", {
    bot: true,
    json: { recipient_id: UNPRINTABLE },
  });
  expect([open.status, open.body.errors.recipient_id._errors[0].code]).toEqual([400, "NUMBER_TYPE_COERCE"]);
  const change = await callApi(discord, `PATCH /guilds/${guild.id}/members/${user.id}`, {
    bot: true,
    json: { flags: UNPRINTABLE },
  });
  expect([change.status, change.body.errors.flags._errors[0].code]).toEqual([400, "NUMBER_TYPE_COERCE"]);
});

it("an attachment whose id is an object describes no file", async () => {
  const discord = await startForTest();
  const [channel] = discord.addGuild().channels;
  const raw = new FormData();
  raw.set("payload_json", JSON.stringify({ attachments: [{ id: UNPRINTABLE, description: "A logo" }] }));
  raw.set("files[0]", new Blob(["png"]), "logo.png");
  const { body, status } = await callApi(discord, `POST /channels/${channel?.id}/messages`, {
    bot: true,
    raw,
  });
  expect([status, "description" in body.attachments[0]]).toEqual([200, false]);
});

it("a body with thousands of levels is refused as invalid JSON", async () => {
  const discord = await startForTest();
  const [channel] = discord.addGuild().channels;
  const send = (levels: number) =>
    callApi(discord, `POST /channels/${channel?.id}/messages`, {
      bot: true,
      headers: { "Content-Type": "application/json" },
      raw: `{"content":"Hello","components":${"[".repeat(levels)}${"]".repeat(levels)}}`,
    });
  const { status, body } = await send(9_000);
  expect([status, body.code, discord.messages]).toEqual([400, 50109, []]);
  expect((await send(100)).status).toBe(200);
});

it.each([
  ["embeds", "text"],
  ["embeds", [null]],
  ["embeds", ["text"]],
  ["nonce", "n".repeat(26)],
])("a message with invalid %s is refused: %j", async (field, value) => {
  const discord = await startForTest();
  const [channel] = discord.addGuild().channels;
  const json = { content: "Hello", [field]: value };
  const { body, status } = await callApi(discord, `POST /channels/${channel?.id}/messages`, {
    bot: true,
    json,
  });
  expect([status, body.code, Object.keys(body.errors)]).toEqual([400, 50035, [field]]);
  expect(discord.messages).toEqual([]);
});

it("the client answers commands whose name and fields are objects", async () => {
  const discord = await startForTest();
  const activity = await discord.openActivity({ appUrl: "http://127.0.0.1:1" });
  const post = async (payload: object) => {
    const body = JSON.stringify({ message: [1, payload] });
    const headers = { "Content-Type": "application/json" };
    return (await fetch(`${activity.url}/messages`, { method: "POST", headers, body })).status;
  };
  expect(await post({ cmd: UNPRINTABLE })).toBe(200);
  const args = { level: UNPRINTABLE, message: UNPRINTABLE };
  expect(await post({ cmd: "CAPTURE_LOG", args })).toBe(200);
  expect(
    await post({ cmd: "AUTHORIZE", args: { client_id: discord.options.clientId, scope: [UNPRINTABLE] } }),
  ).toBe(200);
});

it("a whole body that is wrong has its error in errors._errors", async () => {
  const discord = await startForTest();
  const code = async (endpoint: string, json: unknown) =>
    (await callApi(discord, endpoint, { bot: true, json })).body.errors._errors?.[0].code;
  expect(await code("POST /users/@me/channels", [])).toBe("DICT_TYPE_CONVERT");
  expect(await code(`PUT /applications/${discord.options.clientId}/role-connections/metadata`, {})).toBe(
    "BASE_TYPE_MAX_LENGTH",
  );
});

it("a message returns flags, tts and components of the right type, whatever was sent", async () => {
  const discord = await startForTest();
  const [channel] = discord.addGuild().channels;
  const json = { content: "Hello", flags: UNPRINTABLE, tts: UNPRINTABLE, components: "none" };
  const { body } = await callApi(discord, `POST /channels/${channel?.id}/messages`, { bot: true, json });
  expect(body).toMatchObject({ flags: 0, tts: false, components: [] });
});

it("the bot opens a direct message with a form", async () => {
  const discord = await startForTest();
  const { id } = discord.addUser();
  const { body } = await callApi(discord, "POST /users/@me/channels", {
    bot: true,
    form: { recipient_id: id },
  });
  expect(body.recipients[0].id).toBe(id);
});

it.each([
  [
    "GET",
    "members?limit=1001",
    {},
    "limit",
    "NUMBER_TYPE_MAX",
    "int value should be less than or equal to 1000.",
  ],
  [
    "GET",
    "members?limit=0",
    {},
    "limit",
    "NUMBER_TYPE_MIN",
    "int value should be greater than or equal to 1.",
  ],
  ["GET", "members?limit=x", {}, "limit", "NUMBER_TYPE_COERCE", 'Value "x" is not int.'],
  [
    "PUT",
    "bans/1",
    { delete_message_seconds: 604_801 },
    "delete_message_seconds",
    "NUMBER_TYPE_MAX",
    "int value should be less than or equal to 604800.",
  ],
  [
    "PATCH",
    "members/1",
    { nick: "x".repeat(33) },
    "nick",
    "BASE_TYPE_MAX_LENGTH",
    "Must be 32 or fewer in length.",
  ],
])(
  "%s /guilds/:id/%s with %j says what is wrong with the field",
  async (method, path, json, field, code, message) => {
    const discord = await startForTest();
    const endpoint = `${method} /guilds/${discord.addGuild().id}/${path}`;
    const { body } = await callApi(discord, endpoint, { bot: true, ...(method !== "GET" && { json }) });
    expect(body.errors).toEqual({ [field]: { _errors: [{ code, message }] } });
  },
);
