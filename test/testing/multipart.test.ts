import { describe, expect, it } from "vitest";
import type { DiscordSimulator } from "../../src/testing/index.js";
import { approved, CALLBACK, callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

function post(discord: DiscordSimulator, path: string, raw: string | FormData, headers = {}) {
  return callApi(discord, `POST ${path}`, { bot: true, raw, headers });
}

function formWith(fields: Record<string, string | File>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return form;
}

async function withChannel() {
  const discord = await startForTest();
  const channelId = discord.addGuild().channels[0]!.id;
  return { discord, channelId, path: `/channels/${channelId}/messages` };
}

describe("multipart messages", () => {
  it("a multipart message has payload_json and files, which are kept", async () => {
    const { discord, channelId, path } = await withChannel();
    const payload = { content: "Look", attachments: [{ id: 0, description: "A logo" }], nonce: "n" };
    const bytes = new Uint8Array([137, 80, 78, 71, 13, 10, 0, 255]);
    const { status, body } = await post(
      discord,
      path,
      formWith({
        payload_json: JSON.stringify(payload),
        "files[0]": new File([bytes], "lögo 1.png", { type: "image/png" }),
        "files[1]": new File(["plain"], "notes"),
      }),
    );
    expect(status).toBe(200);
    const [message] = discord.messages;
    expect(message).toMatchObject({ content: "Look", channelId, body: payload });
    const [logo, notes] = message!.files;
    expect(logo).toMatchObject({
      field: "files[0]",
      filename: "lögo 1.png",
      contentType: "image/png",
      bytes,
    });
    expect(Buffer.from(notes!.bytes).toString()).toBe("plain");
    expect(body.attachments).toMatchObject([
      { id: logo!.id, filename: "lögo 1.png", size: 8, content_type: "image/png", description: "A logo" },
      { id: notes!.id, filename: "notes", size: 5, content_type: "application/octet-stream" },
    ]);
    expect(body.attachments[0].url).toBe(
      `${discord.url}/attachments/${channelId}/${logo!.id}/l%C3%B6go%201.png`,
    );
  });

  it("a multipart message may have fields alone, and payload_json takes precedence over them", async () => {
    const { discord, path } = await withChannel();
    expect((await post(discord, path, formWith({ content: "one" }))).body.content).toBe("one");
    const both = formWith({ content: "one", tts: "true", payload_json: '{"content":"two"}' });
    expect((await post(discord, path, both)).body).toMatchObject({ content: "two", tts: false });
    expect(discord.messages.map(({ body }) => body)).toEqual([{ content: "one" }, { content: "two" }]);
  });

  it("a multipart message with a file needs no content", async () => {
    const { discord, path } = await withChannel();
    expect((await post(discord, path, formWith({ file: new File(["x"], "x.txt") }))).status).toBe(200);
    expect((await post(discord, path, formWith({ payload_json: "{}" }))).body.code).toBe(50006);
  });

  it("a broken multipart message is refused", async () => {
    const { discord, path } = await withChannel();
    expect((await post(discord, path, formWith({ payload_json: "{" }))).body.code).toBe(50109);
    expect((await post(discord, path, formWith({ payload_json: "[]" }))).body.code).toBe(50035);
    const type = { "Content-Type": "multipart/form-data; boundary=x" };
    expect((await post(discord, path, "--x\r\nnothing", type)).body.code).toBe(50035);
    expect((await post(discord, path, "--x--", { "Content-Type": "multipart/form-data" })).body.code).toBe(
      50035,
    );
    const eleven = Array.from({ length: 11 }, (_, index) => [`files[${index}]`, new File(["x"], "x")]);
    expect((await post(discord, path, formWith(Object.fromEntries(eleven)))).body.code).toBe(50035);
    expect(discord.messages).toEqual([]);
  });
});

it("the files of old messages are dropped if they take too much memory", async () => {
  const { discord, path } = await withChannel();
  const file = new File([new Uint8Array(24 * 1024 * 1024)], "big.bin");
  for (let count = 0; count < 11; count += 1) {
    await post(discord, path, formWith({ content: String(count), "files[0]": file }));
  }
  expect(discord.messages[0]?.content).toBe("1");
});

it("a route that takes no files refuses multipart/form-data", async () => {
  const discord = await startForTest();
  const { id } = discord.addUser();
  const { status, body } = await post(discord, "/users/@me/channels", formWith({ recipient_id: id }));
  expect([status, body.code]).toEqual([400, 50035]);
});

it("multipartForms lets the token endpoints read multipart/form-data", async () => {
  const discord = await startForTest();
  const { clientId, clientSecret } = discord.options;
  const client = { client_id: clientId, client_secret: clientSecret };
  const user = discord.addUser();
  const { code } = await approved(discord, user);
  const exchange = () =>
    post(
      discord,
      "/oauth2/token",
      formWith({ ...client, grant_type: "authorization_code", code: code!, redirect_uri: CALLBACK }),
    );
  expect((await exchange()).body.error).toBe("unsupported_grant_type");
  discord.behaviour.multipartForms = true;
  const { status, body } = await exchange();
  expect([status, body.scope]).toEqual([200, "identify"]);
  expect(discord.requestsTo("POST /oauth2/token").map(({ userId }) => userId)).toEqual([undefined, user.id]);
  const revoke = formWith({ ...client, token: body.access_token });
  expect((await post(discord, "/oauth2/token/revoke", revoke)).status).toBe(200);
  expect((await post(discord, "/users/@me/channels", revoke)).status).toBe(400);
});
