import type { AddressInfo } from "node:net";
import type { Request } from "express";
import session from "express-session";
import { describe, expect, it, onTestFinished } from "vitest";
import { DiscordOAuth2Session, discordRouter, HttpException, RateLimited } from "../../src/index.js";
import { EXPRESS, forward, startSimulator } from "../support/app.js";

describe.each(EXPRESS)("Express's error handler on %s", (_name, createApp) => {
  async function start() {
    const simulator = await startSimulator();
    const app = createApp();
    app.set("env", "production");
    const server = app.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    simulator.addRedirectUri(`${url}/auth/callback`);
    const options = { ...simulator.options, redirectUri: `${url}/auth/callback` };
    const discord = new DiscordOAuth2Session(app, options);
    app.use(session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false }));
    app.use("/auth", discordRouter());
    app.get(
      "/user",
      forward(async (req: Request) => discord.fetchUser(req, { fresh: true })),
    );
    app.get(
      "/large",
      forward(async (req, res) => discord.createSession(req, res, { data: "x".repeat(4000) })),
    );
    onTestFinished(async () => {
      await discord.close();
      server.closeAllConnections();
      server.close();
    });
    return { simulator, browser: simulator.browser(url) };
  }

  it("Express's own error handler answers with the status of an error, and sends its headers", async () => {
    const { browser, simulator } = await start();
    const wrongMethod = await browser.get("/auth/logout");
    expect([wrongMethod.status, wrongMethod.headers.get("allow")]).toEqual([405, "POST"]);
    const posted = await browser.post("/auth/callback");
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await browser.get("/large")).status).toBe(400);
    expect((await browser.get("/user")).status).toBe(401);

    await browser.signIn("/auth/login", { user: simulator.addUser() });
    simulator.fail({ kind: "rate-limited", route: "/users/@me", retryAfter: 30 });
    const limited = await browser.get("/user");
    expect([limited.status, limited.headers.get("retry-after")]).toEqual([503, "30"]);
  });
});

describe("HttpException", () => {
  it.each([400, 401, 404, 429, 499, 500, 502, 504])(
    "an HttpException of status %i keeps the contract of http-errors",
    (status) => {
      const error = new HttpException({ message: "x", code: "discord_error", status });
      expect(error).toBeInstanceOf(Error);
      expect({ ...error }).toMatchObject({ status, statusCode: status, expose: status < 500 });
      expect("headers" in error).toBe(false);
    },
  );

  it("an HttpException has the headers that belong to it", () => {
    const details = {
      status: 503,
      retryAfter: 1.2,
      scope: "user",
      method: "GET",
      route: "/users/@me",
    } as const;
    expect(new RateLimited(details)).toMatchObject({ headers: { "Retry-After": "2" }, statusCode: 503 });
  });
});
