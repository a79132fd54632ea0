import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { sendRaw } from "../support/raw-request.js";
import { startForTest } from "./start-for-test.js";

/** Starts an app, which responds with the path unless it gets a listener, and opens it as an Activity. */
async function openApp(listener: RequestListener = (req, res) => void res.end(req.url)) {
  const server = createServer(listener).listen(0);
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const discord = await startForTest();
  const appUrl = `http://localhost:${(server.address() as AddressInfo).port}`;
  const { frameUrl } = await discord.openActivity({ appUrl });
  const { host, origin } = new URL(frameUrl);
  const send = (requestLine: string, ...headers: string[]) =>
    sendRaw(origin, [`${requestLine} HTTP/1.1`, `Host: ${host}`, ...headers]);
  async function refusedUpgrade(path: string): Promise<{ status: number | undefined; text: string }> {
    const headers = { Connection: "Upgrade", Upgrade: "websocket" };
    const [answer] = (await once(request(origin, { path, headers }).end(), "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of answer) text += String(chunk);
    return { status: answer.statusCode, text };
  }
  return { origin, send, server, refusedUpgrade };
}

it.each(["http://[bad/", "http://other.example/", "OPTIONS *"])(
  "the Activity's proxy answers 400 to a request for %s instead of a path",
  async (target) => {
    const { send } = await openApp();
    const line = target.startsWith("OPTIONS") ? target : `GET ${target}`;

    expect((await send(line)).status).toBe(400);
    expect((await send("GET /next")).body).toContain("/next");
  },
);

it.each(["//", "//127.0.0.1:1/x", "/.proxy//127.0.0.1:1/x", "/\\127.0.0.1:1/x"])(
  "the Activity's proxy sends %s to the app, not to the host in the path",
  async (path) => {
    const { send } = await openApp();
    const { body, status } = await send(`GET ${path}`);

    expect([status, body]).toEqual([200, expect.stringMatching(/\/\/(?:127\.0\.0\.1:1\/x)?/)]);
  },
);

it("the Activity's proxy answers 400 to an upgrade that is not for a path, and sends //host to the app", async () => {
  const { refusedUpgrade, server } = await openApp();
  server.on("upgrade", ({ url }, socket) => {
    socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${url?.length}\r\n\r\n${url}`);
  });

  expect((await refusedUpgrade("http://[bad/")).status).toBe(400);
  expect((await refusedUpgrade("//127.0.0.1:1/x")).status).toBe(403);
});

it("the Activity's proxy passes on the answer of an app that refuses an upgrade, chunked or not", async () => {
  const { refusedUpgrade, server } = await openApp();
  server.on("upgrade", ({ url }, socket) => {
    const head = "HTTP/1.1 403 Forbidden\r\nConnection: keep-alive\r\n";
    if (url === "/chunked")
      socket.end(`${head}Transfer-Encoding: chunked\r\n\r\n4\r\nSign\r\n3\r\n in\r\n0\r\n\r\n`);
    else socket.end(`${head}Content-Length: 7\r\n\r\nSign in`);
  });

  for (const path of ["/chunked", "/counted"])
    expect(await refusedUpgrade(path)).toEqual({ status: 403, text: "Sign in" });
});

it.each(["DELETE", "GET", "OPTIONS"])(
  "the Activity's proxy forwards the chunked body of a %s request, and then the next request",
  async (method) => {
    const { origin } = await openApp(async (req, res) => {
      let body = "";
      for await (const chunk of req) body += String(chunk);
      res.end(`${req.method} ${body}`);
    });

    for (const body of ["first", "second"]) {
      const sent = request(origin, { method, headers: { "Transfer-Encoding": "chunked" } }).end(body);
      const [answer] = (await once(sent, "response")) as [IncomingMessage];
      let text = "";
      for await (const chunk of answer) text += String(chunk);
      expect(text).toBe(`${method} ${body}`);
    }
  },
);
