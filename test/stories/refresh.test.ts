import { describe, expect, it, vi } from "vitest";
import type { FaultKind } from "../../src/testing/index.js";
import { LATEST_EXPRESS } from "../support/app.js";
import { observe, RECORD, SharedStore } from "../support/memory-store.js";
import {
  failureOf,
  lastFailure,
  patienceFor,
  refreshesAt,
  startSignedIn,
  WEEK_MS,
} from "../support/signed-in.js";

const REFRESH = "POST /oauth2/token";

/** Failures of a refresh that do not end the sign-in, and the error that the app gets. */
const FAULTS: readonly (readonly [
  what: string,
  fault: FaultKind,
  name: string,
  status: number,
  code: string,
])[] = [
  ["a reset connection", { kind: "reset" }, "HttpException", 502, "discord_unavailable"],
  ["a 500 in JSON", { kind: "status", status: 500 }, "HttpException", 502, "discord_unavailable"],
  ["a 503 with an OAuth error", oauthError(503), "HttpException", 502, "discord_unavailable"],
  ["a 502 in HTML", { kind: "html" }, "HttpException", 502, "discord_unavailable"],
  ["a 404 in HTML", { kind: "html", status: 404 }, "HttpException", 502, "discord_unavailable"],
  ["a 429", { kind: "rate-limited", retryAfter: 60 }, "RateLimited", 503, "rate_limited"],
  ["a 429 of the edge in text", { kind: "cloudflare" }, "RateLimited", 503, "rate_limited"],
  ["a 429 of the edge in HTML", { kind: "cloudflare", form: "html" }, "RateLimited", 503, "rate_limited"],
  ["a block at the edge", { kind: "blocked" }, "HttpException", 502, "discord_unavailable"],
  ["invalid JSON", { kind: "invalid-json" }, "HttpException", 502, "discord_unavailable"],
  ["an empty object", emptyAnswer({}), "HttpException", 502, "discord_unavailable"],
  ["a list", emptyAnswer([]), "HttpException", 502, "discord_unavailable"],
  ["a token that is a number", emptyAnswer({ access_token: 1 }), "HttpException", 502, "discord_unavailable"],
  ["an empty token", emptyAnswer({ access_token: "" }), "HttpException", 502, "discord_unavailable"],
  ["more than any answer has", { kind: "huge-body" }, "HttpException", 502, "discord_unavailable"],
  ["a refused client", oauthError(401, "invalid_client"), "HttpException", 500, "client_rejected"],
  ["another OAuth error", oauthError(400, "invalid_scope"), "HttpException", 502, "discord_error"],
];

function oauthError(status: number, error = "invalid_grant"): FaultKind {
  return { kind: "status", status, body: { error, error_description: "It is out of order." } };
}

function emptyAnswer(body: unknown): FaultKind {
  return { kind: "status", status: 200, body };
}

describe.each(LATEST_EXPRESS)("refreshes on %s", (_name, createApp) => {
  it.each(FAULTS)("a failed refresh signs nobody out: %s", async (_what, fault, name, status, code) => {
    const { simulator, app, browser, user, advance } = await startSignedIn(createApp, {
      discord: patienceFor(fault),
    });
    advance(WEEK_MS);
    simulator.fail({ ...fault, route: REFRESH });

    const failed = await browser.get("/guarded");
    expect(failureOf(failed)).toBe(`${status} ${code}`);
    expect(lastFailure(app)).toEqual({ name, status, code });
    expect(refreshesAt(simulator)).toBe(1);

    advance(61_000);
    const next = await browser.get("/user");
    expect([next.status, next.json()]).toMatchObject([200, { id: user.id }]);
    expect(refreshesAt(simulator)).toBe(2);
  });

  it("a refresh waits out a short 429", async () => {
    const { simulator, browser, user, advance } = await startSignedIn(createApp);
    advance(WEEK_MS);
    simulator.fail({ kind: "rate-limited", retryAfter: 1.5, route: REFRESH });
    expect((await browser.get("/user")).json()).toMatchObject({ id: user.id });
    expect(refreshesAt(simulator)).toBe(2);
  });

  it.each([
    ["is cut off", { kind: "truncated" }],
    ["never comes", { kind: "swallowed" }],
  ] as const)(
    "a refresh whose response %s is an error, and the old refresh token is tried again",
    async (_what, fault) => {
      const { simulator, app, browser, advance } = await startSignedIn(createApp, {
        discord: patienceFor(fault),
        behaviour: { rotateRefreshTokens: false },
      });
      advance(WEEK_MS);
      simulator.fail({ ...fault, route: REFRESH });

      expect((await browser.get("/guarded")).status).toBeGreaterThanOrEqual(502);
      expect(lastFailure(app).code).toMatch(/^discord_(?:unavailable|timeout)$/);
      expect(refreshesAt(simulator)).toBe(1);

      expect((await browser.get("/user")).status).toBe(200);
      expect(refreshesAt(simulator)).toBe(2);
    },
  );

  it.each([
    ["comes late", { kind: "delay", ms: 1000 }],
    ["comes piece by piece", { kind: "slow-body", chunkBytes: 10, everyMs: 50 }],
  ] as const)(
    "a refresh whose response %s is an error, and the new pair is kept once it arrives",
    async (_what, fault) => {
      const { simulator, app, browser, user, advance } = await startSignedIn(createApp, {
        discord: { timeoutMs: 500 },
        behaviour: { refreshReuse: "revoke-grant" },
      });
      advance(WEEK_MS);
      simulator.fail({ ...fault, route: REFRESH });

      expect(failureOf(await browser.get("/guarded"))).toBe("504 discord_timeout");
      expect(lastFailure(app)).toEqual({ name: "HttpException", status: 504, code: "discord_timeout" });
      await vi.waitFor(
        async () => expect((await browser.get("/user")).json()).toMatchObject({ id: user.id }),
        5000,
      );
      expect(refreshesAt(simulator)).toBe(1);
    },
  );

  it("an unanswered refresh is waited for a while, and then tried again", async () => {
    const { simulator, browser, user, advance } = await startSignedIn(createApp, {
      discord: { timeoutMs: 200 },
    });
    advance(WEEK_MS);
    simulator.fail({ kind: "hang", route: REFRESH });

    for (const _ of [1, 2]) expect(failureOf(await browser.get("/guarded"))).toBe("504 discord_timeout");
    expect(refreshesAt(simulator)).toBe(1);
    await vi.waitFor(
      async () => expect((await browser.get("/user")).json()).toMatchObject({ id: user.id }),
      5000,
    );
    expect(refreshesAt(simulator)).toBe(2);
  });

  it("a slow refresh does not delay a sign-out, and restores nothing", async () => {
    const { simulator, browser, advance } = await startSignedIn(createApp, { discord: { timeoutMs: 300 } });
    advance(WEEK_MS);
    simulator.fail({ kind: "delay", ms: 900, route: REFRESH });

    expect(failureOf(await browser.get("/guarded"))).toBe("504 discord_timeout");
    expect((await browser.post("/logout")).status).toBe(200);
    await vi.waitFor(() => expect(simulator.requestsTo(REFRESH)[0]?.status).toBe(200), 5000);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
  });

  it("an early refresh that fails is invisible, and is not tried again for five seconds", async () => {
    const { simulator, app, browser, advance } = await startSignedIn(createApp);
    advance(WEEK_MS - 50_000);
    simulator.fail({ kind: "html", route: REFRESH, times: 2 });

    for (const _ of [1, 2, 3]) expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);

    advance(5000);
    for (const _ of [1, 2]) expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(2);

    advance(5000);
    for (const _ of [1, 2]) expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(3);
    expect(app.errors).toEqual([]);
  });

  it("an early refresh that is refused leaves the visitor signed in until the token expires", async () => {
    const { simulator, app, user, browser, advance } = await startSignedIn(createApp);
    advance(WEEK_MS - 30_000);
    user.banned = true;
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    advance(10_000);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);

    advance(20_000);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 grant_ended");
    expect(refreshesAt(simulator)).toBe(1);
    expect(app.errors).toHaveLength(1);
  });

  it("a refused refresh ends the sign-in", async () => {
    const { simulator, app, user, browser, advance } = await startSignedIn(createApp);
    advance(WEEK_MS);
    simulator.removeAuthorization(user);

    expect(failureOf(await browser.get("/guarded"))).toBe("401 grant_ended");
    expect(lastFailure(app)).toEqual({ name: "Unauthorized", status: 401, code: "grant_ended" });
    expect((await browser.get("/authorized")).json()).toBe(false);
    expect((await browser.get("/user")).status).toBe(401);
    expect(refreshesAt(simulator)).toBe(1);

    await browser.signIn("/login", { user });
    expect((await browser.get("/guarded")).status).toBe(200);
  });

  it("a refused refresh ends the sign-in for good if no other process can have renewed the pair", async () => {
    const { simulator, user, browser, advance } = await startSignedIn(createApp);
    advance(WEEK_MS);
    simulator.removeAuthorization(user);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 grant_ended");
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
  });

  it("a refused refresh is not retried, and deletes nothing that another process may still renew", async () => {
    const { store, content } = observe(new SharedStore());
    const { simulator, user, browser, advance } = await startSignedIn(createApp, { session: { store } });
    advance(WEEK_MS);
    simulator.removeAuthorization(user);
    const before = await content();
    expect(failureOf(await browser.get("/guarded"))).toBe("401 grant_ended");
    for (const ms of [0, 50_000, 10_000]) {
      advance(ms);
      expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    }
    const tokens = Object.keys(before).filter((key) => RECORD.test(key));
    expect(Object.keys(await content()).filter((key) => RECORD.test(key))).toEqual(tokens);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("no refresh is tried without a refresh token: the sign-in ends with its access token", async () => {
    const { simulator, app, user, advance } = await startSignedIn(createApp);
    const { refresh_token: _, ...answer } = simulator.issueToken(user, ["identify"]);
    simulator.fail({ kind: "status", status: 200, route: REFRESH, body: answer });
    const browser = app.browser();
    await browser.signIn("/login", { user });
    advance(WEEK_MS - 30_000);
    expect((await browser.get("/user")).status).toBe(200);

    advance(30_000);
    expect(failureOf(await browser.get("/user"))).toBe("401 grant_ended");
    expect((await browser.get("/authorized")).json()).toBe(false);
    expect(refreshesAt(simulator)).toBe(0);
  });

  it("an early refresh delays nobody while Discord hangs", async () => {
    const { simulator, browser, advance } = await startSignedIn(createApp, {
      discord: { timeoutMs: 60_000 },
    });
    advance(WEEK_MS - 30_000);
    simulator.fail({ kind: "hang", route: REFRESH });

    const answers = await Promise.all([browser.get("/guarded"), browser.get("/guarded")]);

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(simulator.requestsTo(REFRESH).filter((request) => request.fault)).toMatchObject([
      { status: undefined },
    ]);
    await simulator.close();
  });

  it("the pair of an early refresh is kept if it arrives after the page was sent", async () => {
    const { simulator, browser, advance } = await startSignedIn(createApp);
    advance(WEEK_MS - 30_000);
    simulator.fail({ kind: "delay", ms: 1000, route: REFRESH });
    expect((await browser.get("/guarded")).status).toBe(200);
    await expect.poll(() => simulator.requestsTo(REFRESH).at(-1)?.status, { timeout: 5000 }).toBe(200);

    advance(60_000);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("closing the app waits for a refresh in flight and keeps its pair", async () => {
    const { simulator, app, user, browser, advance } = await startSignedIn(createApp);
    advance(WEEK_MS - 30_000);
    simulator.fail({ kind: "delay", ms: 1000, route: REFRESH });
    expect((await browser.get("/guarded")).status).toBe(200);
    await app.discord.close();
    expect(simulator.requestsTo(REFRESH)).toMatchObject([{ status: 200 }]);

    advance(60_000);
    expect((await browser.get("/user?fresh=true")).json()).toMatchObject({ id: user.id });
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("an early refresh that hangs is waited for once in five seconds", async () => {
    const { simulator, browser, advance } = await startSignedIn(createApp);
    advance(WEEK_MS - 30_000);
    simulator.fail({ kind: "delay", ms: 2000, route: REFRESH });
    await browser.get("/guarded");
    for (const _ of Array(10)) expect((await browser.get("/guarded")).status).toBe(200);
    expect(simulator.requestsTo(REFRESH)).toMatchObject([{ status: undefined }]);
  });

  it("a refresh of one user does not wait for another user's", async () => {
    const { simulator, app, browser, advance } = await startSignedIn(createApp);
    const second = app.browser();
    await second.signIn("/login", { user: simulator.addUser() });
    advance(WEEK_MS);
    simulator.fail({ kind: "hang", route: REFRESH });

    const stuck = browser.get("/guarded");
    await expect.poll(() => refreshesAt(simulator)).toBe(1);
    expect((await second.get("/guarded")).status).toBe(200);
    await simulator.close();
    expect((await stuck).status).toBe(502);
  });
});
