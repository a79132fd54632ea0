import { MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import { LATEST_EXPRESS } from "../support/app.js";
import { observe, RECORD } from "../support/memory-store.js";
import { moveDate } from "../support/move-date.js";
import { refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";

describe.each(LATEST_EXPRESS)("tokens on %s", (_name, createApp) => {
  it("an access token is used until a minute before it expires", async () => {
    const { simulator, browser, advance } = await startSignedIn(createApp);
    advance(WEEK_MS - 62_000);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(0);

    advance(5000);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("a short-lived token is refreshed in the last tenth of its life", async () => {
    const { simulator, browser, advance } = await startSignedIn(createApp, {
      behaviour: { accessTokenSeconds: 100 },
    });
    advance(85_000);
    await browser.get("/guarded");
    expect(refreshesAt(simulator)).toBe(0);

    advance(8000);
    await browser.get("/guarded");
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("an expired token is refreshed once for fifty requests at once", async () => {
    const { simulator, browser, user, advance } = await startSignedIn(createApp);
    advance(WEEK_MS);

    const answers = await Promise.all(Array.from({ length: 50 }, () => browser.get("/user?fresh=true")));

    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(answers[49]?.json()).toMatchObject({ id: user.id });
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("a sign-in survives one refresh after another", async () => {
    const { simulator, browser, advance } = await startSignedIn(createApp);
    for (let week = 1; week <= 4; week += 1) {
      advance(WEEK_MS);
      expect((await browser.get("/user?fresh=true")).status).toBe(200);
      expect(refreshesAt(simulator)).toBe(week);
    }
  });

  it("a sign-in survives an outage of Discord that is longer than its session", async () => {
    const { simulator, browser } = await startSignedIn(createApp, {
      session: { rolling: true, cookie: { maxAge: 3_600_000 } },
      behaviour: { accessTokenSeconds: 3600 },
    });
    const recover = simulator.fail({ kind: "html", times: Number.POSITIVE_INFINITY });
    for (const status of [200, 502, 502, 502, 502]) {
      moveDate(1_800_000);
      expect((await browser.get("/guarded")).status).toBe(status);
    }
    recover();
    moveDate(1_800_000);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBeGreaterThan(1);
  });

  it("a token is stored encrypted, before and after a refresh", async () => {
    const observed = observe(new MemoryStore());
    const { simulator, browser, advance } = await startSignedIn(createApp, {
      session: { store: observed.store },
    });
    const before = await observed.content();
    advance(WEEK_MS);
    await browser.get("/user?fresh=true");
    const after = await observed.content();

    const [used] = simulator.requestsTo("POST /oauth2/token");
    const [call] = simulator.requestsTo("/users/@me");
    const key = Object.keys(after).find((id) => RECORD.test(id)) ?? "";
    expect(after[key]?.grant).not.toBe(before[key]?.grant);
    for (const content of [before, after].map((sessions) => JSON.stringify(sessions))) {
      expect(content).not.toContain(used?.form?.["refresh_token"]);
      expect(content).not.toContain(call?.token);
      expect(content).not.toMatch(/access|refresh/i);
    }
  });

  it("the record of a token lives exactly as long as its session", async () => {
    const observed = observe(new MemoryStore());
    const maxAge = 90 * 86_400_000;
    await startSignedIn(createApp, { session: { store: observed.store, cookie: { maxAge } } });

    const [record] = Object.entries(await observed.content())
      .filter(([key]) => RECORD.test(key))
      .map(([, session]) => session);
    expect(record?.cookie).toMatchObject({ originalMaxAge: maxAge, maxAge });
    const expires = Date.parse(String(record?.cookie.expires));
    expect(Math.abs(expires - (Date.now() + maxAge))).toBeLessThan(60_000);
  });

  it("the store decides how long a token's record lives if it decides for the session", async () => {
    const observed = observe(new MemoryStore());
    await startSignedIn(createApp, { session: { store: observed.store } });

    const record = Object.entries(await observed.content()).find(([key]) => RECORD.test(key))?.[1];
    expect(record?.cookie).toMatchObject({ originalMaxAge: null, maxAge: null, expires: null });
  });

  it("the refresh token stays if a refresh returns none", async () => {
    const { simulator, browser, advance } = await startSignedIn(createApp, {
      behaviour: { refreshOmitsRefreshToken: true },
    });
    for (const _ of [1, 2]) {
      advance(WEEK_MS);
      expect((await browser.get("/user?fresh=true")).status).toBe(200);
    }
    const used = simulator.requestsTo("POST /oauth2/token").map(({ form }) => form?.["refresh_token"]);
    expect(used).toHaveLength(2);
    expect(new Set(used).size).toBe(1);
  });

  it("a refresh replaces the scopes with those it returns", async () => {
    const { simulator, user, browser, advance } = await startSignedIn(createApp);
    expect((await browser.get("/scoped")).status).toBe(403);
    simulator.issueToken(user, ["guilds"]);

    advance(WEEK_MS);
    expect((await browser.get("/scoped")).status).toBe(200);
    expect((await browser.get("/guilds")).status).toBe(200);
  });

  it("the scopes stay if a refresh does not name them", async () => {
    const { simulator, browser, advance } = await startSignedIn(createApp);
    advance(WEEK_MS);
    simulator.fail({
      kind: "status",
      status: 200,
      route: "POST /oauth2/token",
      body: { access_token: "another", token_type: "Bearer", expires_in: 1000 },
    });
    expect((await browser.get("/scopes")).json()).toEqual(["identify"]);
    expect(refreshesAt(simulator)).toBe(1);
  });
});
