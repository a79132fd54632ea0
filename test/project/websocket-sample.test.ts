import { type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { discordRouter } from "../../src/index.js";
import { runSample } from "../support/run-guide.js";

it.each([
  ["the app's own origin, signed in", true, true, 101],
  ["the app's own origin, signed out", true, false, 401],
  ["another origin, signed in", false, true, 403],
])("the WebSocket sample answers an upgrade from %s as it should", async (_case, isOwn, signsIn, status) => {
  const { url, simulator, browser } = await runSample("docs/guards.md", "In a WebSocket upgrade", {
    declared: {
      accept: (_req: IncomingMessage, socket: Duplex) =>
        socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    },
    routes: (app) => app.use("/auth", discordRouter()),
  });
  const visitor = browser();
  if (signsIn) await visitor.signIn("/auth/login", { user: simulator.addUser() });

  const origin = isOwn ? url : "https://evil.example";
  const cookies = visitor.cookies.list().map(({ name, value }) => `${name}=${value}`);
  expect(await statusOfUpgrade(url, { origin, cookie: cookies.join("; ") })).toBe(status);
});

function statusOfUpgrade(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const upgrade = request(url, { headers: { connection: "Upgrade", upgrade: "websocket", ...headers } });
    upgrade.on("response", ({ statusCode }) => resolve(statusCode));
    upgrade.on("upgrade", ({ statusCode }, socket) => {
      socket.destroy();
      resolve(statusCode);
    });
    upgrade.on("error", reject);
    upgrade.end();
  });
}
