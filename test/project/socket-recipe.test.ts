import { io } from "socket.io-client";
import { expect, it, onTestFinished } from "vitest";
import { runSample } from "../support/run-guide.js";

it.each([
  ["accepts a visitor who is signed in", true, true, "connected"],
  ["refuses a visitor who is signed out", true, false, "not_signed_in"],
  ["refuses a page of another origin", false, true, "websocket error"],
])("the recipe for Socket.IO %s", async (_what, isOwn, signsIn, outcome) => {
  const { url, simulator, browser } = await runSample("docs/recipes.md", "Socket\\.IO");
  const visitor = browser();
  if (signsIn) await visitor.signIn("/auth/login", { user: simulator.addUser() });

  const cookies = visitor.cookies.list().map(({ name, value }) => `${name}=${value}`);
  const origin = isOwn ? url : "https://evil.example";
  const socket = io(url, {
    transports: ["websocket"],
    extraHeaders: { cookie: cookies.join("; "), origin },
    reconnection: false,
    forceNew: true,
  });
  onTestFinished(() => void socket.disconnect());
  const connected = new Promise<string>((resolve) => {
    socket.on("connect", () => resolve("connected"));
    socket.on("connect_error", ({ message }) => resolve(message));
  });
  expect(await connected).toBe(outcome);
});
