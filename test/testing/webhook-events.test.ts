import { createPublicKey, verify } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { approved } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function startReceiver(): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.once("end", () => {
      received.push({ headers: request.headers, body });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`, received };
}

function isSigned(publicKey: string, { headers, body }: Received): boolean {
  const x = Buffer.from(publicKey, "hex").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const signed = Buffer.from(String(headers["x-signature-timestamp"]) + body);
  return verify(null, signed, key, Buffer.from(String(headers["x-signature-ed25519"]), "hex"));
}

it("an event is signed with the key of the app", async () => {
  const discord = await startForTest();
  const { url, received } = await startReceiver();
  const response = await discord.sendWebhookEvent(url, { type: "ENTITLEMENT_CREATE", data: { id: "1" } });
  expect(response.status).toBe(204);
  expect(discord.publicKey).toMatch(/^[0-9a-f]{64}$/);
  expect(isSigned(discord.publicKey, received[0]!)).toBe(true);
  expect(JSON.parse(received[0]!.body)).toEqual({
    version: 1,
    application_id: discord.options.clientId,
    type: 1,
    event: {
      type: "ENTITLEMENT_CREATE",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
      data: { id: "1" },
    },
  });
});

it("an event can be sent with a wrong signature", async () => {
  const discord = await startForTest();
  const { url, received } = await startReceiver();
  await discord.sendWebhookEvent(url, { type: "PING" }, { wrongSignature: true });
  expect(isSigned(discord.publicKey, received[0]!)).toBe(false);
});

it("a PING has no event", async () => {
  const discord = await startForTest();
  const { url, received } = await startReceiver();
  await discord.sendWebhookEvent(url, { type: "PING" });
  expect(JSON.parse(received[0]!.body)).toEqual({
    version: 1,
    application_id: discord.options.clientId,
    type: 0,
  });
});

it("the time of an event is the simulator's", async () => {
  const discord = await startForTest();
  const { url, received } = await startReceiver();
  discord.clock.freeze();
  discord.clock.advance(86_400_000);
  await discord.sendWebhookEvent(url, { type: "PING" });
  const seconds = Number(received[0]!.headers["x-signature-timestamp"]);
  expect(seconds).toBe(Math.floor(discord.clock.now() / 1000));
});

it("an app with a webhook URL is notified when a user adds or removes it", async () => {
  const { url, received } = await startReceiver();
  const discord = await startForTest({ webhookUrl: url });
  const [user, guild] = [discord.addUser(), discord.addGuild({ name: "G" })];
  discord.addMember(guild, user, { owner: true });
  await approved(discord, user, { scope: "identify bot", guild_id: guild.id });
  await discord.webhookEventsDelivered();
  discord.removeAuthorization(user);
  await discord.webhookEventsDelivered();
  const events = received.map(({ body }) => JSON.parse(body).event);
  expect(events.map(({ type, data }) => [type, data])).toEqual([
    [
      "APPLICATION_AUTHORIZED",
      {
        user: user.seenByOthers(),
        scopes: ["identify", "bot"],
        integration_type: 0,
        guild: expect.objectContaining({
          id: guild.id,
          name: "G",
          owner_id: user.id,
          roles: [expect.anything()],
        }),
      },
    ],
    ["APPLICATION_DEAUTHORIZED", { user: user.seenByOthers() }],
  ]);
  expect(received.every((event) => isSigned(discord.publicKey, event))).toBe(true);
});

it.each([
  ["1", "applications.commands", 1],
  ["0", "applications.commands", undefined],
  ["1", "identify", undefined],
])("with integration_type=%s and the scope %s, the event has the type %s", async (asked, scope, type) => {
  const { url, received } = await startReceiver();
  const discord = await startForTest({ webhookUrl: url });
  await approved(discord, discord.addUser(), { scope, integration_type: asked });
  await discord.webhookEventsDelivered();
  expect(JSON.parse(received[0]!.body).event.data.integration_type).toBe(type);
});

it("an app without a webhook URL is not notified, and an unreachable receiver harms nobody", async () => {
  const { url, received } = await startReceiver();
  const discord = await startForTest({ webhookUrl: url });
  const user = discord.addUser();
  discord.webhookUrl = undefined;
  await approved(discord, user);
  discord.webhookUrl = "http://127.0.0.1:9/";
  discord.removeAuthorization(user);
  await discord.webhookEventsDelivered();
  expect([discord.webhookUrl, received]).toEqual(["http://127.0.0.1:9/", []]);
});

it("a user who never added the app cannot remove it", async () => {
  const { url, received } = await startReceiver();
  const discord = await startForTest({ webhookUrl: url });
  discord.removeAuthorization(discord.addUser());
  await discord.webhookEventsDelivered();
  expect(received).toEqual([]);
});

it("closing the simulator ends the delivery of an event that the app does not answer", async () => {
  const server = createServer();
  const arrived = once(server, "request");
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const discord = await startForTest({ webhookUrl });
  const user = discord.addUser();
  discord.issueToken(user, ["identify"]);
  discord.removeAuthorization(user);
  await arrived;
  await discord.close();
  await discord.webhookEventsDelivered();
});
