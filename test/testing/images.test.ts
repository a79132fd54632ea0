import { inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { DiscordSimulator } from "../../src/testing/index.js";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const HASH = "0123456789abcdef0123456789abcdef";

async function load(discord: DiscordSimulator, path: string) {
  const response = await fetch(discord.url + path);
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}

describe("images", () => {
  it.each([
    `/avatars/1/${HASH}.png`,
    `/avatars/1/a_${HASH}.gif`,
    `/icons/1/${HASH}.webp?size=128`,
    `/banners/1/${HASH}.jpg`,
    `/guilds/1/users/2/avatars/${HASH}.png`,
    `/avatar-decoration-presets/a_${HASH}.png`,
    `/guild-tag-badges/1/${HASH}.png`,
    "/embed/avatars/5.png",
  ])("the image %s is a PNG of 128 pixels", async (path) => {
    const discord = await startForTest();
    const { status, type, bytes } = await load(discord, path);
    expect([status, type]).toEqual([200, "image/png"]);
    expect([bytes.toString("latin1", 1, 4), bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([
      "PNG",
      128,
      128,
    ]);
    const start = bytes.indexOf("IDAT");
    const pixels = inflateSync(bytes.subarray(start + 4, start + 4 + bytes.readUInt32BE(start - 4)));
    expect(pixels).toHaveLength(128 * 129);
    expect(new Set(pixels)).toEqual(new Set([0, 1]));
  });

  it("images differ by name, are the same each time, and have the requested size", async () => {
    const discord = await startForTest();
    const one = await load(discord, `/avatars/1/${HASH}.png?size=64`);
    expect((await load(discord, `/avatars/1/${HASH}.png?size=64`)).bytes).toEqual(one.bytes);
    expect((await load(discord, `/avatars/2/${HASH}.png?size=64`)).bytes).not.toEqual(one.bytes);
    expect(one.bytes.readUInt32BE(16)).toBe(64);
  });

  it.each([
    ["/avatars/1/x.svg", 404],
    ["/avatars/1/..%2Fx.png", 404],
    ["/avatars/1/x", 404],
    [`/avatars/1/${HASH}.png?size=100`, 400],
    [`/avatars/1/${HASH}.gif`, 415],
    ["/other/1/x.png", 404],
  ])("the image %s is answered with %s", async (path, status) => {
    expect((await load(await startForTest(), path)).status).toBe(status);
  });
});

it("the files of messages can be downloaded, and cannot act as a page", async () => {
  const discord = await startForTest();
  const channelId = discord.addGuild().channels[0]!.id;
  const form = new FormData();
  form.set("files[0]", new File(["<script>"], "page.html", { type: "text/html" }));
  const { body } = await callApi(discord, `POST /channels/${channelId}/messages`, { bot: true, raw: form });
  const response = await fetch(body.attachments[0].url);
  expect(await response.text()).toBe("<script>");
  expect(response.headers.get("content-type")).toBe("text/html");
  expect(response.headers.get("content-security-policy")).toBe("sandbox; default-src 'none'");
  expect((await load(discord, `/attachments/${channelId}/1/page.html`)).status).toBe(404);
});
