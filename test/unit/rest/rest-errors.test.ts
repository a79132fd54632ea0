import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { HttpException } from "../../../src/errors.js";
import {
  answeringServer,
  BOT,
  countingSignal,
  json,
  NELLY,
  rejection,
  restOf,
} from "../../support/answering-server.js";
import { movableClock } from "../../support/clock.js";

/** Returns everything in an error, at any depth. */
function everything(error: unknown): string {
  return inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error);
}

/** A server that does not speak HTTP by itself. */
async function tcpServer(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("4xx responses", () => {
  test("a 4xx response is an error with Discord's message", async () => {
    const body = { message: "Missing Access", code: 50001, errors: { a: { _errors: [] } } };
    const server = await answeringServer((response) => json(response, 403, body));
    const error = await rejection(restOf(server.url).send(NELLY, "/users/@me/guilds/1/member?x=y"));
    expect(error).toBeInstanceOf(HttpException);
    expect(error).toMatchObject({
      message: "Discord answered GET /users/@me/guilds/1/member with 403: Missing Access (50001)",
      status: 403,
      code: "discord_error",
      discordCode: 50001,
      body,
      method: "GET",
      route: "/users/@me/guilds/1/member",
    });
  });

  test("a 401 for a user is left to the caller", async () => {
    const server = await answeringServer((response) =>
      json(response, 401, { message: "401: Unauthorized", code: 0 }),
    );
    const error = await rejection(restOf(server.url).send(NELLY, "/users/@me"));
    expect(error).toMatchObject({
      message: "Discord answered GET /users/@me with 401: 401: Unauthorized",
      status: 401,
      code: "discord_error",
      discordCode: 0,
    });
  });

  test.each([
    ["text", "error code: 1020", "error code: 1020"],
    ["nothing", "", undefined],
    ["JSON without a message", "[1]", [1]],
    ["JSON null", "null", null],
  ])("a 4xx response with %s is an error too", async (_, text, body) => {
    const server = await answeringServer((response) => response.writeHead(404).end(text));
    const error = await rejection(restOf(server.url).send(NELLY, "/users/@me", { method: "DELETE" }));
    expect(error).toMatchObject({ message: "Discord answered DELETE /users/@me with 404", status: 404 });
    expect((error as HttpException).body).toEqual(body);
  });

  test("an error response that echoes the token is redacted, wherever the token is", async () => {
    const { token } = NELLY;
    const body = {
      message: `Bad ${token}`,
      code: 1,
      [token]: [token, { deep: `x${token}${token}`, n: null }],
    };
    const server = await answeringServer((response, _, index) =>
      index === 0 ? json(response, 400, body) : response.writeHead(400).end(`Bad ${token}`),
    );
    const rest = restOf(server.url);
    const error = await rejection(rest.send(NELLY, "/users/@me"));
    expect(error).toMatchObject({
      message: "Discord answered GET /users/@me with 400: Bad [redacted] (1)",
      body: { "[redacted]": ["[redacted]", { deep: "x[redacted][redacted]", n: null }] },
    });
    expect(everything(error)).not.toContain(token);
    expect(everything(await rejection(rest.send(NELLY, "/users/@me")))).not.toContain(token);
  });

  test("an error response that echoes another's token is redacted too", async () => {
    const server = await answeringServer((response, { body }) => json(response, 400, { message: body }));
    const bot = { ...BOT, alsoSecret: "nellys-other-token" };
    const request = { method: "PUT", json: { access_token: bot.alsoSecret } };
    const error = await rejection(restOf(server.url).send(bot, "/guilds/1/members/2", request));
    expect(error).toMatchObject({ body: { message: '{"access_token":"[redacted]"}' } });
    expect(everything(error)).not.toContain(bot.alsoSecret);
  });

  test("the error of a webhook call does not name the webhook's token", async () => {
    const server = await answeringServer((response) =>
      json(response, 404, { message: "Unknown", code: 10015 }),
    );
    const error = await rejection(restOf(server.url).send(NELLY, "/webhooks/1/w3bh00k-t0ken"));
    expect(error).toMatchObject({ route: "/webhooks/1/:token" });
    expect(everything(error)).not.toContain("w3bh00k");
  });

  test.each(["/webhooks/1/w3bh00k-t0ken?wait=true", "/interactions/1/w3bh00k-t0ken/callback"])(
    "an error response that echoes the path %s is redacted",
    async (route) => {
      const server = await answeringServer((response, { url }) => json(response, 404, { message: url }));
      const error = await rejection(restOf(server.url).send(NELLY, route));
      expect(error).toHaveProperty("message", expect.stringContaining("/1/[redacted]"));
      expect(everything(error)).not.toContain("w3bh00k");
    },
  );
});

test.each([400, 429])("an answer of %i with endless nesting is an error like any other", async (status) => {
  const server = await answeringServer((response) => {
    const body = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    response.writeHead(status, { "Content-Type": "application/json" }).end(body);
  });
  const error = await rejection(restOf(server.url, { maxWaitMs: 0 }).send(NELLY, "/users/@me"));
  expect(error).toBeInstanceOf(HttpException);
});

describe("unavailable", () => {
  test.each([
    [
      "an answer of 500",
      500,
      "application/json",
      '{"message":"500: Internal Server Error"}',
      "Discord answered 500",
    ],
    ["a redirect", 302, "text/html", "", "Discord answered with a redirect (302)"],
    ["invalid JSON", 200, "application/json", "<!doctype", "is not valid JSON"],
    ["JSON that is cut off", 200, "application/json", '{"id":"803511', "is not valid JSON"],
    ["empty JSON", 200, "application/json", "", "is not valid JSON"],
    ["a web page", 200, "text/html", "<!doctype html>", "is a web page"],
  ])("Discord is unavailable after %s", async (_, status, type, body, message) => {
    const server = await answeringServer((response) =>
      response.writeHead(status, { "Content-Type": type, Location: "http://127.0.0.1:1/" }).end(body),
    );
    const error = await rejection(restOf(server.url).send(NELLY, "/users/@me"));
    expect(error).toMatchObject({
      status: 502,
      code: "discord_unavailable",
      method: "GET",
      route: "/users/@me",
    });
    expect((error as Error).message).toContain(message);
    expect(server.requests).toHaveLength(1);
  });

  test("a response that never ends is discord_unavailable", async () => {
    const server = await answeringServer((response) => {
      response.writeHead(200, { "Content-Type": "application/json" });
      const more = () => {
        while (response.write("x".repeat(100_000)));
      };
      response.on("drain", more);
      more();
    });
    const error = await rejection(restOf(server.url).send(NELLY, "/users/@me"));
    expect(error).toMatchObject({ code: "discord_unavailable" });
    expect((error as Error).message).toContain("larger than 8 MiB");
  });

  test.each([
    ["when nobody listens", "http://127.0.0.1:1", "ECONNREFUSED"],
    ["when nobody listens on either address", "http://localhost:1", "ECONNREFUSED"],
    ["when the name is unknown", "http://discord.invalid", expect.stringMatching(/ENOTFOUND|EAI_AGAIN/)],
  ])("Discord is unavailable %s", async (_, url, code) => {
    const error = await rejection(restOf(url).send(NELLY, "/users/@me"));
    expect(error).toMatchObject({ status: 502, code: "discord_unavailable", cause: { code } });
    expect((error as Error).message).toMatch(
      /^The connection to Discord failed: \S.* \(GET \/users\/@me\)\.$/,
    );
    expect(everything(error)).not.toContain(NELLY.token);
  });

  test.each([
    ["hangs up", (socket: Socket) => socket.destroy()],
    ["resets the connection", (socket: Socket) => socket.resetAndDestroy()],
    ["echoes the request", (socket: Socket) => socket.pipe(socket)],
    [
      "echoes the request in a broken header",
      (socket: Socket) => {
        socket.on("data", (data) => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${data}`));
      },
    ],
    [
      "stops halfway",
      (socket: Socket) => {
        socket.on("data", () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id":'));
      },
    ],
    [
      "stops between chunks",
      (socket: Socket) => {
        socket.on("data", () =>
          socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        );
      },
    ],
  ])("Discord is unavailable when the server %s, and the token stays secret", async (_, misbehave) => {
    const url = await tcpServer(misbehave);
    const error = await rejection(restOf(url).send(NELLY, "/users/@me"));
    expect(error).toMatchObject({ status: 502, code: "discord_unavailable", cause: expect.any(Error) });
    expect(everything(error)).not.toContain(NELLY.token);
  });
});

describe("timeouts", () => {
  test.each([
    ["to answer", () => {}],
    [
      "to finish its answer",
      (socket: Socket) => {
        socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"));
      },
    ],
  ])("a call fails if Discord takes too long %s", async (_, dawdle) => {
    let connections = 0;
    const url = await tcpServer((socket) => {
      connections += 1;
      dawdle(socket);
    });
    const error = await rejection(restOf(url, { timeoutMs: 200 }).send(NELLY, "/users/@me"));
    expect(error).toMatchObject({
      message: "Discord did not answer GET /users/@me within 200 ms.",
      status: 504,
      code: "discord_timeout",
    });
    expect(everything(error)).not.toContain(NELLY.token);
    expect(connections).toBe(1);
  });

  test("the second attempt of a call has only the time that the first has left", async () => {
    const server = await answeringServer((response, _, index) => {
      if (index === 0) setTimeout(() => json(response, 503, {}), 1200);
    });
    const startedAt = performance.now();
    const error = await rejection(restOf(server.url, { timeoutMs: 2000 }).send(NELLY, "/users/@me"));
    expect(error).toMatchObject({ code: "discord_timeout" });
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect(server.requests).toHaveLength(2);
  });
});

describe("signals", () => {
  test("a signal that has aborted keeps the call from being sent", async () => {
    const server = await answeringServer((response) => json(response, 200, {}));
    const reason = new Error("The visitor left.");
    const error = await rejection(
      restOf(server.url).send(NELLY, "/users/@me", { signal: AbortSignal.abort(reason) }),
    );
    expect(error).toBe(reason);
    expect(server.requests).toHaveLength(0);
  });

  test("a signal ends a call under way, with its reason", async () => {
    const leaving = new AbortController();
    const reason = new Error("The visitor left.");
    const server = await answeringServer(() => leaving.abort(reason));
    const rest = restOf(server.url);
    expect(await rejection(rest.send(NELLY, "/users/@me", { signal: leaving.signal }))).toBe(reason);
  });

  test("a signal ends a call whose answer has begun", async () => {
    const leaving = new AbortController();
    const reason = new Error("The visitor left.");
    const server = await answeringServer((response) => {
      response.writeHead(200, { "Content-Length": "9" }).write("{");
      setImmediate(() => leaving.abort(reason));
    });
    const rest = restOf(server.url);
    expect(await rejection(rest.send(NELLY, "/users/@me", { signal: leaving.signal }))).toBe(reason);
  });

  test("a signal that aborts while the client is loaded keeps the call from being sent", async () => {
    const leaving = new AbortController();
    const server = await answeringServer((response) => json(response, 200, {}));
    const call = restOf(server.url).send(NELLY, "/users/@me", { signal: leaving.signal });
    await Promise.resolve();
    leaving.abort();
    expect(await rejection(call)).toBe(leaving.signal.reason);
    expect(server.requests).toHaveLength(0);
  });

  test("a signal has no listeners left after the call and its waits", async () => {
    movableClock();
    const { signal, counts } = countingSignal();
    const server = await answeringServer((response, _, index) =>
      json(response, index === 0 ? 429 : 200, { retry_after: 1 }),
    );
    await restOf(server.url).send(NELLY, "/users/@me", { signal });
    expect(counts()).toEqual({ added: 3, left: 0 });
  });
});

describe("retries", () => {
  test.each([502, 503, 504])("a GET is repeated once after %i", async (status) => {
    const server = await answeringServer((response, _, index) =>
      json(response, index === 0 ? status : 200, {}),
    );
    expect(await restOf(server.url).send(NELLY, "/users/@me")).toEqual({});
    expect(server.requests).toHaveLength(2);
  });

  test("a GET is repeated once after a broken connection", async () => {
    const server = await answeringServer((response, _, index) => {
      if (index === 0) response.destroy();
      else json(response, 200, {});
    });
    expect(await restOf(server.url).send(NELLY, "/users/@me")).toEqual({});
  });

  test("a GET is not repeated twice", async () => {
    const server = await answeringServer((response, _, index) =>
      index === 0 ? response.destroy() : response.writeHead(503).end(),
    );
    const error = await rejection(restOf(server.url).send(NELLY, "/users/@me"));
    expect(error).toMatchObject({ status: 502, message: "Discord answered 503 (GET /users/@me)." });
    expect(server.requests).toHaveLength(2);
  });

  test.each(["POST", "PUT", "PATCH", "DELETE", "HEAD"])(
    "a call with %s is never repeated",
    async (method) => {
      const server = await answeringServer((response, _, index) =>
        index === 0 ? response.writeHead(503).end() : response.destroy(),
      );
      const rest = restOf(server.url);
      expect(await rejection(rest.send(BOT, "/channels/1/messages", { method }))).toMatchObject({
        status: 502,
      });
      expect(await rejection(rest.send(BOT, "/channels/1/messages", { method }))).toMatchObject({
        status: 502,
      });
      expect(server.requests).toHaveLength(2);
    },
  );
});

describe("invalid tokens", () => {
  test("an error says that the bot token is missing", async () => {
    const server = await answeringServer((response) => json(response, 200, {}));
    const error = await rejection(restOf(server.url).send({ ...BOT, token: "" }, "/guilds/1"));
    expect(error).toMatchObject({
      status: 500,
      code: "bot_token_missing",
      method: "GET",
      route: "/guilds/1",
    });
    expect((error as Error).message).toContain("DISCORD_BOT_TOKEN");
    expect(server.requests).toHaveLength(0);
  });

  test.each(["", "made\r\nup"])("a user's token such as %j counts as refused", async (token) => {
    const server = await answeringServer((response) => json(response, 200, {}));
    const error = await rejection(restOf(server.url).send({ ...NELLY, token }, "/users/@me"));
    expect(error).toMatchObject({ status: 401, code: "discord_error" });
    expect(server.requests).toHaveLength(0);
  });

  test("a bot token that Discord rejects is not sent to that route again for a minute", async () => {
    const clock = movableClock();
    const server = await answeringServer((response, { url }) =>
      url.startsWith("/api/v10/oauth2") ? json(response, 401, { code: 0 }) : json(response, 200, {}),
    );
    const rest = restOf(server.url);
    const refused = { status: 500, code: "bot_token_rejected", route: "/oauth2/@me" };
    expect(await rejection(rest.send(BOT, "/oauth2/@me"))).toMatchObject(refused);
    const again = await rejection(rest.send(BOT, "/oauth2/@me"));
    expect(again).toMatchObject(refused);
    expect((again as Error).message).toContain("Check DISCORD_BOT_TOKEN");
    expect(server.requests).toHaveLength(1);
    expect(await rest.send(BOT, "/guilds/1")).toEqual({});
    expect(await rejection(rest.send(NELLY, "/oauth2/@me"))).toMatchObject({ status: 401 });
    clock.advance(60_001);
    expect(await rejection(rest.send(BOT, "/oauth2/@me"))).toMatchObject(refused);
    expect(server.requests).toHaveLength(4);
  });
});
