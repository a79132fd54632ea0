import { Agent, request } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { startDiscord } from "../../src/testing/index.js";
import { approved, authorizeUrl, callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

describe("unknown addresses", () => {
  it.each(["GET /nowhere", "GET /users/1/2/3", "GET /users/@me/guilds/1/", "GET /"])(
    "the unknown address %s is 404",
    async (endpoint) => {
      const discord = await startForTest();
      const { status, body } = await callApi(discord, endpoint, { bot: true });
      expect([status, body]).toEqual([404, { message: "404: Not Found", code: 0 }]);
    },
  );

  it("an API route without /api, and a page below it, are 404", async () => {
    const discord = await startForTest();
    expect((await callApi(discord, "GET /users/@me", { base: "", bot: true })).status).toBe(404);
    expect((await callApi(discord, "GET /.well-known/openid-configuration")).status).toBe(404);
    expect((await callApi(discord, "GET /apiary", { base: "" })).status).toBe(404);
  });
});

it("a wrong method is answered 405", async () => {
  const discord = await startForTest();
  for (const endpoint of ["DELETE /users/@me", "POST /guilds/1/members/2", "GET /oauth2/token"]) {
    const { status, body } = await callApi(discord, endpoint, { bot: true });
    expect([status, body]).toEqual([405, { message: "405: Method Not Allowed", code: 0 }]);
  }
});

it("versions 6 to 10 of the API are answered, and others refused", async () => {
  const discord = await startForTest();
  const statusOf = async (base: string) =>
    (await callApi(discord, "GET /users/@me", { bot: true, base })).status;
  expect(await Promise.all(["/api", "/api/v6", "/api/v10"].map(statusOf))).toEqual([200, 200, 200]);
  expect(await Promise.all(["/api/v5", "/api/v11"].map(statusOf))).toEqual([400, 400]);
  const { body } = await callApi(discord, "GET /users/@me", { base: "/api/v5" });
  expect(body.code).toBe(50041);
});

it.each([
  ["GET /users/@me/guilds/abc/member", "guild_id"],
  ["GET /users/abc", "user_id"],
  ["GET /guilds/1/members/18446744073709551616", "user_id"],
  ["PUT /guilds/x/members/1", "guild_id"],
  ["POST /channels/1-1/messages", "channel_id"],
])("the call %s is refused: not a snowflake", async (endpoint, field) => {
  const discord = await startForTest();
  const bearer = discord.issueToken(discord.addUser(), ["guilds.members.read"]).access_token;
  const { status, body } = await callApi(
    discord,
    endpoint,
    endpoint.includes("@me") ? { bearer } : { bot: true },
  );
  expect([status, body.code, body.errors[field]._errors[0].code]).toEqual([400, 50035, "NUMBER_TYPE_COERCE"]);
});

describe("bodies", () => {
  it.each([
    ["broken JSON", "{", "application/json", 50109],
    ["another type", "a=1", "text/plain", 50035],
    ["a form", "a=1", "application/x-www-form-urlencoded", 50035],
    ["a list", "[]", "application/json; charset=utf-8", 50035],
    ["nothing", "", "application/json", 50035],
  ])("a body that is %s is refused", async (_name, raw, type, code) => {
    const discord = await startForTest();
    const headers = { "Content-Type": type };
    const { status, body } = await callApi(discord, "POST /users/@me/channels", { bot: true, raw, headers });
    expect([status, body.code]).toEqual([400, code]);
  });

  it("a body of more than 25 MiB is refused", async () => {
    const discord = await startForTest();
    const raw = "x".repeat(25 * 1024 * 1024 + 1);
    const { status, body } = await callApi(discord, "POST /users/@me/channels", { bot: true, raw });
    expect([status, body.code]).toEqual([413, 40005]);
  });
});

it("strictUserAgent blocks a bot whose User-Agent does not have Discord's form", async () => {
  const discord = await startForTest({ behaviour: { strictUserAgent: true } });
  const statusWith = async (userAgent: string) =>
    (await callApi(discord, "GET /users/@me", { bot: true, headers: { "User-Agent": userAgent } })).status;
  expect(await statusWith("Mozilla/5.0")).toBe(403);
  expect(await statusWith("DiscordBot (https://example.org, 1.0) extra")).toBe(200);
  const blocked = await callApi(discord, "GET /users/1", { bot: true });
  expect(blocked.body).toEqual({ message: "internal network error", code: 40333 });
});

describe("connections", () => {
  it("connections stay open, and count once they carry a call of the API", async () => {
    const discord = await startForTest();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    await approved(discord, discord.addUser());
    expect(discord.connectionCount).toBe(0);
    for (let count = 0; count < 20; count += 1) {
      await new Promise<void>((resolve) => {
        const call = request(`${discord.url}/api/v10/users/@me`, { agent }, (response) => {
          response.resume().once("end", resolve);
        });
        call.end();
      });
    }
    expect(discord.connectionCount).toBe(1);
  });

  it("connections all end when the simulator closes, even one that waits for an answer", async () => {
    const discord = await startDiscord();
    discord.fail({ kind: "hang" });
    const waiting = callApi(discord, "GET /users/@me");
    const refused = expect(waiting).rejects.toThrow();
    while (discord.requests.length === 0) await new Promise(setImmediate);
    await discord.close();
    await refused;
    await expect(callApi(discord, "GET /users/@me")).rejects.toThrow();
  });
});

it("the simulator listens on the chosen port, and reports one that is taken", async () => {
  const discord = await startForTest();
  const port = Number(new URL(discord.url).port);
  await expect(startDiscord({ port })).rejects.toThrow("EADDRINUSE");
  await discord.close();
  const second = await startForTest({ port });
  expect(second.url).toBe(discord.url);
});

it("the options of the simulator are what an app needs", async () => {
  const given = { clientId: "42", clientSecret: "secret", botToken: "bot" };
  const discord = await startForTest(given);
  expect(discord.options).toEqual({ ...given, discordUrl: discord.url });
  expect(new URL(authorizeUrl(discord)).searchParams.get("client_id")).toBe("42");
});

it("a request is logged with a user only if its token works", async () => {
  const discord = await startForTest();
  const user = discord.addUser();
  await callApi(discord, "GET /users/@me", { bearer: discord.issueToken(user, []).access_token });
  await callApi(discord, "GET /users/@me", { bearer: "garbage" });
  expect(discord.requests.map(({ userId }) => userId)).toEqual([user.id, undefined]);
});
