import { generateKeyPairSync, sign } from "node:crypto";
import { connect } from "node:net";
import express, { type ErrorRequestHandler } from "express";
import express4 from "express4";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  HttpException,
  type WebhookEvent,
  type WebhookEventsOptions,
  webhookEvents,
} from "../../src/index.js";
import { EXPRESS, startApp, startSimulator, type TestAppOptions } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { lastError, signedInAs } from "../support/login.js";

type CreateApp = (typeof EXPRESS)[number][1];

/** Collects process warnings with a code from now on. */
function collectWarnings(code: string): Error[] {
  const warnings: Error[] = [];
  const collect = (warning: Error & { code?: string }) => {
    if (warning.code === code) warnings.push(warning);
  };
  process.on("warning", collect);
  onTestFinished(() => void process.off("warning", collect));
  return warnings;
}

async function startReceiver(
  createApp: CreateApp,
  before?: TestAppOptions["routes"],
  onEvent?: WebhookEventsOptions["onEvent"],
) {
  const simulator = await startSimulator();
  const events: WebhookEvent[] = [];
  const collect = (event: WebhookEvent) => {
    events.push(event);
    return onEvent?.(event);
  };
  const app = await startApp(createApp, simulator, {
    routes(to, discord) {
      before?.(to, discord);
      to.post("/events", webhookEvents({ publicKey: simulator.publicKey, onEvent: collect }));
    },
  });
  return { simulator, app, events, url: `${app.url}/events` };
}

describe.each(EXPRESS)("webhookEvents on %s", (_name, createApp) => {
  it("webhookEvents accepts an event that Discord has signed", async () => {
    const { simulator, events, url } = await startReceiver(createApp);
    const data = { user: { id: "80351110224678912", username: "ä \u{1f600}" }, scopes: ["identify"] };

    const answer = await simulator.sendWebhookEvent(url, { type: "APPLICATION_AUTHORIZED", data });

    expect(answer.status).toBe(204);
    await expect.poll(() => events).toHaveLength(1);
    expect(events[0]).toEqual({
      type: "APPLICATION_AUTHORIZED",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      data,
    });
  });

  it("webhookEvents answers a PING without calling onEvent", async () => {
    const { simulator, events, url } = await startReceiver(createApp);

    const answer = await simulator.sendWebhookEvent(url, { type: "PING" });

    expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([
      204,
      expect.stringMatching(/^application\/json/),
      "",
    ]);
    expect(events).toEqual([]);
  });

  it("webhookEvents refuses the wrong signatures that Discord tests with", async () => {
    const { app, simulator, events, url } = await startReceiver(createApp);

    const answer = await simulator.sendWebhookEvent(url, { type: "PING" }, { wrongSignature: true });

    expect(answer.status).toBe(401);
    expect(lastError(app)).toMatchObject({ code: "signature_invalid", status: 401 });
    expect(events).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    ["a request without a signature", {}],
    ["a request without a timestamp", { "X-Signature-Ed25519": "ab".repeat(64) }],
    ["an invalid signature", { "X-Signature-Ed25519": "zz", "X-Signature-Timestamp": "now" }],
    [
      "another's signature",
      {
        "X-Signature-Ed25519": "ab".repeat(64),
        "X-Signature-Timestamp": String(Math.floor(Date.now() / 1000)),
      },
    ],
  ])("webhookEvents refuses %s", async (_what, headers) => {
    const { events, url } = await startReceiver(createApp);

    const answer = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: '{"type":1,"event":{"type":"APPLICATION_DEAUTHORIZED"}}',
    });

    expect(answer.status).toBe(401);
    expect(events).toEqual([]);
  });

  it.each([
    [-16 * 60_000, 401],
    [-14 * 60_000, 204],
    [14 * 60_000, 204],
    [16 * 60_000, 401],
  ])("a request signed %i ms from now is answered with %i", async (ms, status) => {
    const { simulator, url } = await startReceiver(createApp);
    simulator.clock.advance(ms);

    expect((await simulator.sendWebhookEvent(url, { type: "PING" })).status).toBe(status);
  });

  it("an error of webhookEvents says that a body parser ran before it", async () => {
    const { app, simulator, url } = await startReceiver(createApp, (to) => to.use(express.json()));

    const answer = await simulator.sendWebhookEvent(url, { type: "PING" });

    expect(answer.status).toBe(500);
    expect(lastError(app)).toMatchObject({ code: "body_parsed", status: 500 });
  });

  it.each([
    ["express.raw()", express.raw({ type: "*/*" })],
    ["a parser for other bodies", express.urlencoded({ extended: false })],
    ["one of Express 4, which leaves an empty body", express4.urlencoded({ extended: false })],
  ])("webhookEvents works behind %s", async (_what, parser) => {
    const { simulator, events, url } = await startReceiver(createApp, (to) => to.use(parser));

    expect((await simulator.sendWebhookEvent(url, { type: "ENTITLEMENT_CREATE" })).status).toBe(204);
    await expect.poll(() => events).toHaveLength(1);
  });

  it.each([
    ["in a Buffer", (bytes: Buffer) => bytes],
    ["in a Uint8Array", (bytes: Buffer) => new Uint8Array(bytes)],
  ])("webhookEvents uses the bytes that a host has kept in req.rawBody, %s", async (_what, kept) => {
    const keep = express.json({
      verify: (req, _res, bytes) => void Object.assign(req, { rawBody: kept(bytes) }),
    });
    const { app, simulator, events, url } = await startReceiver(createApp, (to) => to.use(keep));

    expect((await simulator.sendWebhookEvent(url, { type: "ENTITLEMENT_CREATE" })).status).toBe(204);
    await expect.poll(() => events).toHaveLength(1);
    const wrong = await simulator.sendWebhookEvent(url, { type: "PING" }, { wrongSignature: true });
    expect(wrong.status).toBe(401);
    expect(lastError(app)).toMatchObject({ code: "signature_invalid" });
  });

  it("webhookEvents accepts an event whose request something else has already answered", async () => {
    const { app, simulator, events, url } = await startReceiver(createApp, (to) =>
      to.use("/events", (_req, res, next) => {
        res.status(503).end("too slow");
        next();
      }),
    );

    expect((await simulator.sendWebhookEvent(url, { type: "ENTITLEMENT_CREATE" })).status).toBe(503);
    await expect.poll(() => events).toHaveLength(1);
    expect(app.errors).toEqual([]);
  });

  it("an aborted body reaches the error handlers as a 400", async () => {
    let seen = () => undefined as unknown;
    const isSeen = new Promise((resolve) => {
      seen = () => resolve(undefined);
    });
    const { app, events, url } = await startReceiver(createApp, (to) =>
      to.use("/events", (_req, _res, next) => {
        next();
        seen();
      }),
    );
    const { port, hostname, pathname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(`POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 100\r\n\r\n{"type":`);
    await isSeen;
    socket.destroy();

    await expect.poll(() => lastError(app)).toMatchObject({ code: "body_aborted", status: 400 });
    expect(lastError(app)).toBeInstanceOf(HttpException);
    expect(events).toEqual([]);
  });

  it("an event with an unreadable time signs the user out now", async () => {
    const simulator = await startSimulator();
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const hex = Buffer.from(String(publicKey.export({ format: "jwk" }).x), "base64url").toString("hex");
    const app = await startApp(createApp, simulator, {
      routes: (to) => to.post("/events", webhookEvents({ publicKey: hex })),
    });
    const user = simulator.addUser();
    const browser = app.browser();
    await browser.signIn("/login", { user });
    const data = { user: { id: user.id } };
    const body = JSON.stringify({
      type: 1,
      event: { type: "APPLICATION_DEAUTHORIZED", timestamp: "soon", data },
    });
    const time = String(Math.floor(Date.now() / 1000));

    const answer = await fetch(`${app.url}/events`, {
      method: "POST",
      headers: {
        "X-Signature-Ed25519": sign(null, Buffer.from(time + body), privateKey).toString("hex"),
        "X-Signature-Timestamp": time,
      },
      body,
    });

    expect(answer.status).toBe(204);
    await expect.poll(() => signedInAs(browser)).toBeUndefined();
  });

  it("webhookEvents answers 413 to a body larger than any event, and error handlers see req.ip", async () => {
    const simulator = await startSimulator();
    const { publicKey } = simulator;
    const addresses: unknown[] = [];
    const noteAddress: ErrorRequestHandler = (error, req, _res, next) => {
      addresses.push(req.ip);
      next(error);
    };
    const app = await startApp(createApp, simulator, {
      routes: (to) => to.post("/events", webhookEvents({ publicKey }), noteAddress),
    });

    const answer = await fetch(`${app.url}/events`, { method: "POST", body: "x".repeat(4 * 1024 * 1024) });

    expect(answer.status).toBe(413);
    expect(lastError(app)).toMatchObject({ code: "body_too_large" });
    expect(addresses).toEqual(["127.0.0.1"]);
  });

  it("a user who removes the app at Discord is signed out with the next request", async () => {
    const { app, simulator, url } = await startReceiver(createApp);
    const [user, other] = [simulator.addUser(), simulator.addUser()];
    const [phone, laptop, others] = [app.browser(), app.browser(), app.browser()];
    await phone.signIn("/login", { user });
    await laptop.signIn("/login", { user });
    await others.signIn("/login", { user: other });
    simulator.webhookUrl = url;

    simulator.removeAuthorization(user);
    await simulator.webhookEventsDelivered();

    await expect.poll(() => signedInAs(phone)).toBeUndefined();
    expect(await signedInAs(laptop)).toBeUndefined();
    expect(await signedInAs(others)).toBe(other.id);
    expect(lastError(app)).toMatchObject({ name: "Unauthorized" });
  });

  it("an event about a user who signs in signs nobody out", async () => {
    const { app, simulator, url, events } = await startReceiver(createApp);
    const user = simulator.addUser();
    const [phone, laptop] = [app.browser(), app.browser()];
    await phone.signIn("/login", { user });
    simulator.webhookUrl = url;

    await laptop.signIn("/login", { user });
    await simulator.webhookEventsDelivered();

    await expect.poll(() => events).toHaveLength(1);
    expect(events[0]?.type).toBe("APPLICATION_AUTHORIZED");
    const { length } = simulator.requests;
    expect(await signedInAs(phone)).toBe(user.id);
    expect(await signedInAs(laptop)).toBe(user.id);
    // Discord is not even asked whether the sign-ins are still valid.
    expect(simulator.requests.slice(length).map(({ route }) => route)).not.toContain("/oauth2/@me");
  });

  it("webhookEvents reads the time of an event as UTC, whatever the server's time zone", async () => {
    vi.stubEnv("TZ", "Asia/Tokyo");
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const { app, simulator, events, url } = await startReceiver(createApp);
    const user = simulator.addUser();
    const browser = app.browser();
    await browser.signIn("/login", { user });

    simulator.removeAuthorization(user);
    await simulator.sendWebhookEvent(url, {
      type: "APPLICATION_DEAUTHORIZED",
      data: { user: { id: user.id } },
    });

    await expect.poll(() => events).toHaveLength(1);
    expect(await signedInAs(browser)).toBeUndefined();
  });

  it("deauthorize in another process takes the time of an event, whatever the server's time zone", async () => {
    vi.stubEnv("TZ", "Asia/Tokyo");
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const { simulator, events, url } = await startReceiver(createApp);
    const other = await startApp(createApp, simulator);
    const user = simulator.addUser();
    const browser = other.browser();
    await browser.signIn("/login", { user });

    simulator.removeAuthorization(user);
    await simulator.sendWebhookEvent(url, {
      type: "APPLICATION_DEAUTHORIZED",
      data: { user: { id: user.id } },
    });
    await expect.poll(() => events).toHaveLength(1);
    other.discord.deauthorize(user.id, new Date(events[0]?.timestamp ?? ""));

    expect(await signedInAs(browser)).toBeUndefined();
  });

  it("a late or repeated removal event does not end a later login", async () => {
    const { app, simulator, events, url } = await startReceiver(createApp);
    const user = simulator.addUser();
    const browser = app.browser();
    await browser.signIn("/login", { user });
    const clock = movableClock();
    const event = { type: "APPLICATION_DEAUTHORIZED", data: { user: { id: user.id } } };

    simulator.removeAuthorization(user);
    await simulator.sendWebhookEvent(url, event);
    await expect.poll(() => events).toHaveLength(1);
    expect(await signedInAs(browser)).toBeUndefined();

    clock.advance(5000);
    await browser.signIn("/login", { user });
    expect(await signedInAs(browser)).toBe(user.id);

    // A time before the second login, which the app's clock has passed.
    await simulator.sendWebhookEvent(url, event);
    await expect.poll(() => events).toHaveLength(2);
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it.each([
    ["throws", () => raise("The database is down.")],
    ["rejects", async () => raise("The database is down.")],
  ])("a failure of an onEvent that %s becomes a warning", async (_how, onEvent) => {
    const warnings = collectWarnings("EXPRESS_DISCORD_ON_EVENT");
    const { app, simulator, url } = await startReceiver(createApp, undefined, onEvent);

    expect((await simulator.sendWebhookEvent(url, { type: "ENTITLEMENT_CREATE" })).status).toBe(204);

    await expect.poll(() => warnings).toHaveLength(1);
    expect(warnings[0]?.message).toContain("The database is down.");
    expect(app.errors).toEqual([]);
  });

  it("an onEvent that throws something without a text becomes a warning, too", async () => {
    const warnings = collectWarnings("EXPRESS_DISCORD_ON_EVENT");
    const { simulator, url } = await startReceiver(createApp, undefined, () => {
      throw Object.create(null);
    });

    expect((await simulator.sendWebhookEvent(url, { type: "ENTITLEMENT_CREATE" })).status).toBe(204);

    await expect.poll(() => warnings).toHaveLength(1);
    expect(warnings[0]?.message).toBe("onEvent of webhookEvents failed: an object");
  });

  it.each(["", "ab", "g".repeat(64)])("webhookEvents throws at once for the public key %j", (publicKey) => {
    expect(() => webhookEvents({ publicKey })).toThrow(TypeError);
  });
});

function raise(message: string): never {
  throw new Error(message);
}
