import { describe, expect, it } from "vitest";
import { replaceClock } from "../../src/clock.js";
import { RateLimited } from "../../src/index.js";
import { LATEST_EXPRESS } from "../support/app.js";
import { advanceBoth } from "../support/clock.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";

const LIMITED = { kind: "rate-limited", route: "GET /users/@me" } as const;

describe.each(LATEST_EXPRESS)("rate limits on %s", (_name, createApp) => {
  it("a call waits out a short rate limit", async () => {
    const { simulator, app, browser } = await startSignedIn(createApp);
    simulator.fail({ ...LIMITED, retryAfter: 1 });
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(simulator.requests).toHaveLength(2);
    expect(app.errors).toEqual([]);
  });

  it("a long rate limit is an error at once, and stops requests until it is over", async () => {
    const { simulator, app, browser, advance } = await startSignedIn(createApp);
    simulator.fail({ ...LIMITED, retryAfter: 30 });
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("503 rate_limited");
    expect(app.errors[0]).toBeInstanceOf(RateLimited);
    expect(app.errors[0]).toMatchObject({ retryAfter: 30, scope: "user", isGlobal: false });
    expect((app.errors[0] as RateLimited).headers).toEqual({ "Retry-After": "30" });

    advance(20_000);
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("503 rate_limited");
    expect((app.errors[1] as RateLimited).retryAfter).toBeLessThanOrEqual(10);
    expect((app.errors[1] as RateLimited).retryAfter).toBeGreaterThan(0);
    expect(simulator.requests).toHaveLength(1);

    advance(10_001);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
  });

  it("a few calls wait out a short rate limit of the token endpoint, and the rest are refused", async () => {
    const { simulator, app, browser } = await startSignedIn(createApp);
    const browsers = [browser, ...Array.from({ length: 39 }, () => app.browser())];
    for (const other of browsers.slice(1)) await other.signIn("/login", { user: simulator.addUser() });
    advanceBoth(simulator, WEEK_MS);
    simulator.clearRequests();
    simulator.limit({ route: "POST /oauth2/token", limit: 1, windowMs: 1500 });

    const answers = await Promise.all(browsers.map((one) => one.get("/guarded")));

    expect(answers.filter(({ status }) => status === 503).length).toBeGreaterThan(20);
    expect(refreshesAt(simulator)).toBeLessThanOrEqual(40 + 10);
  });

  it("the wait for a rate limit of the token endpoint does not count towards timeoutMs", async () => {
    const { simulator, user, browser } = await startSignedIn(createApp, {
      discord: { timeoutMs: 300, maxWaitMs: 1000 },
    });
    advanceBoth(simulator, WEEK_MS);
    simulator.fail({ kind: "rate-limited", route: "POST /oauth2/token", retryAfter: 0.5 });
    expect((await browser.get("/user?fresh=true")).json()).toMatchObject({ id: user.id });
    expect(refreshesAt(simulator)).toBe(2);
  });

  it("a rate limit of the revocation endpoint stops no login and no refresh", async () => {
    const { simulator, app, user, browser, advance } = await startSignedIn(createApp);
    const other = app.browser();
    await other.signIn("/login", { user: simulator.addUser() });
    simulator.fail({ kind: "rate-limited", route: "POST /oauth2/token/revoke", retryAfter: 600 });
    expect(failureOf(await browser.post("/logout?everywhere=true"))).toBe("503 rate_limited");
    expect((await browser.signIn("/login", { user })).status).toBe(200);
    advance(WEEK_MS);
    expect((await other.get("/guarded")).status).toBe(200);
  });

  it("a rate limit is over if the clock is set back by more than its length", async () => {
    const { simulator, app, user, browser } = await startSignedIn(createApp);
    simulator.fail({ kind: "cloudflare", route: "GET /users/@me", retryAfter: 30 });
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("503 rate_limited");
    simulator.fail({ kind: "rate-limited", route: "POST /oauth2/token", retryAfter: 30 });
    expect(failureOf(await app.browser().signIn("/login", { user }))).toBe("503 rate_limited");
    replaceClock({ now: () => Date.now() - 3_600_000 });
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect((await app.browser().signIn("/login", { user })).status).toBe(200);
  });

  it("a rate limit of one user delays nobody else", async () => {
    const { simulator, app, browser } = await startSignedIn(createApp);
    const other = app.browser();
    await other.signIn("/login", { user: simulator.addUser() });
    simulator.fail({ ...LIMITED, retryAfter: 30 });
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("503 rate_limited");
    expect((await other.get("/user?fresh=true")).status).toBe(200);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect((await browser.get("/user")).status).toBe(200);
  });

  it("a rate limit by Cloudflare stops every call, but signs nobody out", async () => {
    const { simulator, app, browser, advance } = await startSignedIn(createApp);
    simulator.fail({ kind: "cloudflare", route: "GET /users/@me" });
    expect(failureOf(await browser.get("/user?fresh=true"))).toBe("503 rate_limited");
    expect(app.errors[0]).toMatchObject({ retryAfter: 60, scope: "global", isGlobal: true });
    expect(failureOf(await browser.get("/bot?route=/users/@me"))).toBe("429 rate_limited");
    expect(simulator.requests).toHaveLength(1);
    expect((await browser.get("/authorized")).json()).toBe(true);

    advance(60_001);
    expect((await browser.get("/bot?route=/users/@me")).status).toBe(200);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
  });
});
