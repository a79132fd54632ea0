import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import session from "express-session";
import { type DefaultEventsMap, Server } from "socket.io";
import { io, type Socket } from "socket.io-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { DiscordOAuth2Session, discordRouter, requiresAuthorization } from "../../src/index.js";
import type { Browser } from "../../src/testing/index.js";
import { startSimulator } from "../support/app.js";

/** The server's answer to a socket that asks who it belongs to. */
interface Answers extends DefaultEventsMap {
  who: (answer: (who: { id?: string; code?: string }) => void) => void;
}

/** Starts an app whose sockets share its sessions. Only signed-in visitors may connect. */
async function start({ guard = false } = {}) {
  const simulator = await startSimulator();
  const app = express();
  const server = createServer(app);
  const sessions = session({
    secret: "a secret of the session cookie",
    resave: false,
    saveUninitialized: false,
  });
  app.use(sessions);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  simulator.addRedirectUri(`${url}/auth/callback`);
  const discord = new DiscordOAuth2Session(app, {
    ...simulator.options,
    redirectUri: `${url}/auth/callback`,
  });
  app.use("/auth", discordRouter());

  const sockets = new Server<Answers>(server);
  sockets.engine.use(sessions);
  if (guard) sockets.engine.use(requiresAuthorization);
  sockets.use(({ request }, next) => {
    void discord
      .isAuthorized(request)
      .catch(() => false)
      .then((signedIn) => next(signedIn ? undefined : new Error("Sign in first.")));
  });
  sockets.on("connection", (socket) => {
    socket.on("who", (answer) => {
      discord.fetchUser(socket.request).then(
        ({ id }) => answer({ id }),
        ({ code }) => answer({ code }),
      );
    });
  });
  onTestFinished(async () => {
    await sockets.close();
    await discord.close();
  });
  return { simulator, url, browser: simulator.browser(url) };
}

/** Opens the socket of a page, with the browser's cookies. */
function openSocket(url: string, { cookies }: Browser, transport: "polling" | "websocket"): Socket {
  const extraHeaders = {
    cookie: cookies
      .list()
      .map(({ name, value }) => `${name}=${value}`)
      .join("; "),
  };
  const socket = io(url, { transports: [transport], extraHeaders, reconnection: false, forceNew: true });
  onTestFinished(() => void socket.disconnect());
  return socket;
}

function outcome(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.on("connect", () => resolve("connected"));
    socket.on("connect_error", ({ message }) => resolve(message));
  });
}

describe.each(["polling", "websocket"] as const)("Socket.IO by %s", (transport) => {
  it(`a Socket.IO connection by ${transport} of a signed-in visitor is accepted, and knows them until they sign out`, async () => {
    const { simulator, url, browser } = await start();
    const user = simulator.addUser();
    await browser.signIn("/auth/login", { user });

    const socket = openSocket(url, browser, transport);
    expect(await outcome(socket)).toBe("connected");
    expect(await socket.emitWithAck("who")).toEqual({ id: user.id });

    await browser.post("/auth/logout", { headers: { "Sec-Fetch-Site": "same-origin" } });
    expect(await socket.emitWithAck("who")).toEqual({ code: "not_signed_in" });
  });

  it(`a Socket.IO connection by ${transport} of a stranger is refused`, async () => {
    const { url, browser } = await start();

    expect(await outcome(openSocket(url, browser, transport))).toBe("Sign in first.");
  });

  it(`a Socket.IO connection by ${transport} behind a guard is refused, because guards work only in Express`, async () => {
    const { simulator, url, browser } = await start({ guard: true });
    await browser.signIn("/auth/login", { user: simulator.addUser() });

    expect(await outcome(openSocket(url, browser, transport))).toMatch(/error/);
  });
});
