import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { startDoorway } from "../support/doorway.js";

const run = promisify(execFile);

describe.each(LATEST_EXPRESS)("connections to Discord on %s", (_name, createApp) => {
  it("successive logins share one connection to Discord", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { discord: { scopes: ["guilds"] } });
    const user = simulator.addUser();
    const browser = app.browser();
    for (let login = 0; login < 30; login += 1)
      expect((await browser.signIn("/login", { user })).status).toBe(200);
    expect(simulator.requestsTo("POST /oauth2/token")).toHaveLength(30);
    expect(simulator.connectionCount).toBe(1);
  });

  it("connections to Discord end when the instance is closed, and open again for a later call", async () => {
    const simulator = await startSimulator();
    const door = await startDoorway(simulator.url);
    const app = await startApp(createApp, simulator, {
      discord: { discordUrl: door.url },
    });
    await app.discord.botRequest("/users/@me");
    await app.discord.clientCredentials();
    expect(door.connectionCount).toBe(2);

    await app.discord.close();
    await expect.poll(() => door.connectionCount).toBe(0);

    await app.discord.botRequest("/users/@me");
    await app.discord.clientCredentials();
    expect(door.connectionCount).toBe(2);
  });
});

describe("processes", () => {
  it("a process ends by itself once its instance is closed", async () => {
    const simulator = await startSimulator();
    const options = { ...simulator.options, redirectUri: "http://127.0.0.1/callback" };
    const script = new URL("../support/call-and-close.ts", import.meta.url).pathname;
    const { stdout } = await run(process.execPath, ["--import", "tsx", script, JSON.stringify(options)], {
      timeout: 15_000,
    });
    expect(stdout).toBe("closed\n");
    expect(simulator.requests.map(({ apiPath }) => apiPath)).toEqual(["/users/@me", "/oauth2/token"]);
  });
});
