import { describe, expect, it } from "vitest";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { endedIn, listenTo } from "../support/channels.js";
import { openLogin } from "../support/login.js";
import { startSignedIn, WEEK_MS } from "../support/signed-in.js";

const TOKEN_CALL = { method: "POST", route: "/oauth2/token", subject: "application", waitedMs: 0 };
const USER_CALL = { method: "GET", route: "/users/@me", subject: "user", attempts: 1, waitedMs: 0 };
const durationMs = expect.any(Number);

describe.each(LATEST_EXPRESS)("observers on %s", (_name, createApp) => {
  it("an observer hears every call of a login, a refresh and a sign-out", async () => {
    const calls = listenTo("request");
    const refreshes = listenTo("refresh");
    const { browser, user, advance } = await startSignedIn(createApp);
    const exchanged = { ...TOKEN_CALL, attempts: 1, status: 200, durationMs };
    expect(endedIn(calls)).toEqual([exchanged, { ...USER_CALL, status: 200, durationMs }]);
    expect(refreshes).toEqual([]);

    advance(WEEK_MS);
    calls.length = 0;
    await browser.get("/authorized");
    expect(endedIn(calls)).toEqual([exchanged]);
    expect(endedIn(refreshes)).toEqual([{ userId: user.id, durationMs }]);

    calls.length = 0;
    await browser.post("/logout?everywhere=true");
    expect(endedIn(calls)).toEqual([{ ...exchanged, route: "/oauth2/token/revoke" }]);
  });

  it("an observer hears why a login failed, and which requests were not sent to Discord", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { discord: { timeoutMs: 300 } });
    const calls = listenTo("request");
    const signIn = async () => {
      const browser = app.browser();
      await browser.get((await openLogin(browser, simulator, simulator.addUser())).callbackUrl);
    };

    simulator.fail({ kind: "hang", route: "POST /oauth2/token" });
    await signIn();
    simulator.fail({ kind: "rate-limited", route: "POST /oauth2/token", retryAfter: 60 });
    await signIn();
    await signIn();

    expect(endedIn(calls)).toEqual([
      { ...TOKEN_CALL, attempts: 1, durationMs, error: expect.objectContaining({ code: "discord_timeout" }) },
      {
        ...TOKEN_CALL,
        attempts: 1,
        status: 429,
        durationMs,
        error: expect.objectContaining({ code: "rate_limited" }),
      },
      { ...TOKEN_CALL, attempts: 0, durationMs, error: expect.objectContaining({ code: "rate_limited" }) },
    ]);
  });
});
