import { execFile } from "node:child_process";
import { tracingChannel } from "node:diagnostics_channel";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { Rest } from "../../../src/rest/rest.js";
import { parseRoute } from "../../../src/rest/route.js";
import { USER_AGENT } from "../../../src/version.js";
import {
  answeringServer,
  BOT,
  json,
  limitHeaders,
  NELLY,
  rejection,
  restOf,
} from "../../support/answering-server.js";

describe("calls", () => {
  test("a call goes to /api/v10, with the token and Discord's User-Agent", async () => {
    const server = await answeringServer((response) => json(response, 200, { id: "1", nick: null }));
    const rest = restOf(`${server.url}/`);
    expect(await rest.send(NELLY, "/users/@me")).toEqual({ id: "1", nick: null });
    expect(await rest.send(BOT, "/users/@me")).toEqual({ id: "1", nick: null });
    expect(server.requests).toMatchObject([
      { method: "GET", url: "/api/v10/users/@me", headers: { authorization: "Bearer nellys-access-token" } },
      { method: "GET", url: "/api/v10/users/@me", headers: { authorization: "Bot the-bots-token" } },
    ]);
    expect(server.requests[0]?.headers["user-agent"]).toBe(USER_AGENT);
  });

  test("a call sends JSON, a query and a reason", async () => {
    const server = await answeringServer((response) => json(response, 201, { ok: true }));
    await restOf(server.url).send(BOT, "/guilds/1/bans?a=b", {
      method: "put",
      json: { delete_message_seconds: 60 },
      query: { id: ["1", "2"] },
      reason: "zu laut",
      headers: { "X-Own": "yes" },
    });
    expect(server.requests).toMatchObject([
      {
        method: "PUT",
        url: "/api/v10/guilds/1/bans?a=b&id=1&id=2",
        headers: { "content-type": "application/json", "x-audit-log-reason": "zu%20laut", "x-own": "yes" },
        body: '{"delete_message_seconds":60}',
      },
    ]);
  });

  test("a call sends text, bytes and forms", async () => {
    const server = await answeringServer((response) => json(response, 200, {}));
    const rest = restOf(server.url);
    const form = new FormData();
    form.set("files[0]", new Blob(["cat"], { type: "image/png" }), "cat.png");
    for (const body of ["text", new Uint8Array([1, 255]), form])
      await rest.send(BOT, "/channels/1/messages", { method: "POST", body });
    expect(server.requests[0]).toMatchObject({ body: "text" });
    expect(server.requests[1]).toMatchObject({ body: "\x01\xff" });
    expect(server.requests[2]?.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
    expect(server.requests[2]?.body).toContain('name="files[0]"; filename="cat.png"');
  });

  test("a call that cannot be sent is refused with a TypeError", async () => {
    const server = await answeringServer((response) => json(response, 200, {}));
    const rest = restOf(server.url);
    expect(await rejection(rest.send(NELLY, "https://evil.example/"))).toBeInstanceOf(TypeError);
    expect(await rejection(rest.send(NELLY, "/users/@me", { method: "TRACE" }))).toBeInstanceOf(TypeError);
    expect(await rejection(rest.send(NELLY, "/x", { headers: { authorization: "x" } }))).toBeInstanceOf(
      TypeError,
    );
    expect(server.requests).toHaveLength(0);
  });

  test("a call reuses open connections", async () => {
    const server = await answeringServer((response) => json(response, 200, {}));
    const rest = restOf(server.url);
    for (let call = 0; call < 20; call++) await rest.send(NELLY, "/users/@me");
    expect(new Set(server.requests.map(({ port }) => port)).size).toBeLessThanOrEqual(2);
  });
});

test("a finished call leaves no timer behind", async () => {
  const server = await answeringServer((response) => json(response, 200, {}));
  const rest = restOf(server.url);
  for (let call = 0; call < 50; call++) await rest.send(NELLY, "/users/@me");
  expect(process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length).toBeLessThan(25);
});

describe("parsed answers", () => {
  test.each([
    ["parsed JSON", 200, "application/json; charset=utf-8", '{"a":[1]}', { a: [1] }],
    ["parsed JSON of a subtype", 200, "application/vnd.discord+json", "1", 1],
    ["undefined for 204", 204, undefined, "", undefined],
    ["undefined for nothing", 202, undefined, "", undefined],
    ["text", 200, "text/calendar", "BEGIN:VCALENDAR", "BEGIN:VCALENDAR"],
    ["text where no type is named", 200, undefined, "hello", "hello"],
    ["bytes", 200, "image/png", "\x89PNG", new Uint8Array([0x89, 0x50, 0x4e, 0x47])],
  ])("an answer becomes %s", async (_, status, type, body, value) => {
    const server = await answeringServer((response) => {
      response.writeHead(status, type === undefined ? {} : { "Content-Type": type });
      response.end(Buffer.from(body, "latin1"));
    });
    expect(await restOf(server.url).send(NELLY, "/users/@me")).toEqual(value);
  });

  test("the response to a HEAD request becomes undefined", async () => {
    const server = await answeringServer((response) => json(response, 200, { a: 1 }));
    expect(await restOf(server.url).send(NELLY, "/users/@me", { method: "HEAD" })).toBeUndefined();
  });

  test("a response that arrives in several pieces is read as one value", async () => {
    const text = JSON.stringify({ text: "ü".repeat(200_000) });
    const server = await answeringServer((response) => {
      response.writeEarlyHints({ link: "</style.css>; rel=preload" });
      response.writeHead(200, { "Content-Type": "application/json" });
      for (const byte of [text.slice(0, 9), text.slice(9)]) response.write(byte);
      response.end();
    });
    expect(await restOf(server.url).send(NELLY, "/x")).toEqual(JSON.parse(text));
  });
});

describe("closing", () => {
  test("close() waits for calls under way, and later calls open new connections", async () => {
    let finish = () => {};
    const server = await answeringServer((response, _, index) => {
      finish = () => json(response, 200, index);
      if (index !== 0) finish();
      else arrived();
    });
    let arrived = () => {};
    const underway = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const rest = restOf(server.url);
    const first = rest.send(NELLY, "/users/@me");
    await underway;
    const closed = rest.close();
    finish();
    await closed;
    expect(await first).toBe(0);
    expect(await rest.send(NELLY, "/users/@me")).toBe(1);
    expect(server.requests[0]?.port).not.toBe(server.requests[1]?.port);
  });

  test("close() works before anything was opened", async () => {
    const rest = new Rest({
      discordUrl: "https://discord.com",
      timeoutMs: 1,
      maxWaitMs: 0,
      invalidRequestLimit: 1,
      proxy: undefined,
    });
    await rest.close();
    await rest.load();
    await rest.close();
    await rest.close();
  });
});

test("an import loads no HTTP client", async () => {
  const script = `
    import { createRequire } from "node:module";
    const { Rest } = await import("./src/rest/rest.ts");
    const isLoaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes("/undici/"));
    const before = isLoaded();
    await new Rest({ discordUrl: "https://discord.com", timeoutMs: 1, maxWaitMs: 0, invalidRequestLimit: 1 }).load();
    console.log(before, isLoaded());
  `;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--import",
    "tsx",
    "--input-type=module",
    "-e",
    script,
  ]);
  expect(stdout.trim()).toBe("false true");
});

test("a call looks again for an HTTP client that could not be found", async () => {
  const server = await answeringServer((response) => json(response, 200, { id: "1" }));
  const hook = `
    let hasFailed = false;
    export async function resolve(name, context, next) {
      if (hasFailed || name !== "undici/index.js") return next(name, context);
      hasFailed = true;
      throw new Error("too many open files");
    }
  `;
  const script = `
    import { register } from "node:module";
    register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hook)}));
    const { Rest } = await import("./src/rest/rest.ts");
    const discordUrl = ${JSON.stringify(server.url)};
    const rest = new Rest({ discordUrl, timeoutMs: 5000, maxWaitMs: 0, invalidRequestLimit: 10 });
    for (const _ of [1, 2]) {
      const call = rest.send({ scheme: "Bearer", token: "token", subject: "1" }, "/users/@me");
      console.log(await call.then(({ id }) => id, ({ message }) => message));
    }
    await rest.close();
  `;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--import",
    "tsx",
    "--input-type=module",
    "-e",
    script,
  ]);
  expect(stdout.trim().split("\n")).toEqual(["too many open files", "1"]);
});

test("observers see a call without its secrets", async () => {
  const server = await answeringServer((response, _, index) => {
    if (index === 0) json(response, 503, {});
    else json(response, 200, { token: "s3cr3t" }, limitHeaders(4, 1));
  });
  const seen: object[] = [];
  const channel = tracingChannel<unknown, object>("express-discord:request");
  const note = (context: object) => {
    seen.push(context);
  };
  const ignore = () => {};
  const subscribers = { start: ignore, end: ignore, asyncStart: ignore, asyncEnd: note, error: note };
  channel.subscribe(subscribers);
  onTestFinished(() => {
    channel.unsubscribe(subscribers);
  });
  const rest = restOf(server.url);
  await rest.send(NELLY, "/webhooks/1/w3bh00k-t0ken?wait=true");
  expect(seen).toEqual([
    {
      method: "GET",
      route: "/webhooks/:id/:token",
      subject: "user",
      attempts: 2,
      waitedMs: 0,
      status: 200,
      bucket: "abcd1234",
      durationMs: expect.any(Number),
    },
  ]);
  await rejection(rest.send({ ...BOT, token: "" }, "/users/@me"));
  expect(seen[1]).toMatchObject({ subject: "bot", attempts: 0, error: { code: "bot_token_missing" } });
});

test("parseRoute gives the template of a route", () => {
  expect(parseRoute("/guilds/1").template).toBe("/guilds/:id");
});
