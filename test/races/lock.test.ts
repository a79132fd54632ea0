import { MemoryStore } from "express-session";
import { Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import type { Lock } from "../../src/index.js";
import { redisLock } from "../processes/redis-lock.js";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { layLine } from "../support/cuttable-line.js";
import { createGate } from "../support/gate.js";
import { exchangesAt, openLogin } from "../support/login.js";
import { SharedStore } from "../support/memory-store.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";

/** Locks that do not run their task. */
const BROKEN: readonly (readonly [string, Lock])[] = [
  ["rejects", () => Promise.reject(new Error("The lock server is away."))],
  [
    "throws",
    () => {
      throw new Error("The lock server is away.");
    },
  ],
  ["resolves without running its task", async () => undefined],
  ["never answers", () => new Promise(() => {})],
];

describe.each(LATEST_EXPRESS)("locks on %s", (_express, createApp) => {
  /** An app whose lock server is away until `mend` is called. */
  async function startWithBrokenLock() {
    let lock: Lock = () => Promise.reject(new Error("The lock server is away."));
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { discord: { lock: (key, task) => lock(key, task) } });
    const mend = () => {
      lock = (_key, task) => task();
    };
    return { simulator, user: simulator.addUser(), browser: app.browser(), mend };
  }

  it.each(BROKEN)("a lock that %s causes lock_failed, and signs nobody out", async (_name, broken) => {
    let lock: Lock = broken;
    const { simulator, app, browser, advance } = await startWith((key, task) => lock(key, task));
    advance(WEEK_MS);
    expect(failureOf(await browser.get("/guarded"))).toBe("503 lock_failed");
    expect(app.errors).toMatchObject([{ name: "HttpException", status: 503, code: "lock_failed" }]);
    expect(refreshesAt(simulator)).toBe(0);

    lock = (_key, task) => task();
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("a broken lock goes unnoticed while the token still works", async () => {
    const { app, browser, advance } = await startWith(() => Promise.reject(new Error("It is away.")));
    advance(WEEK_MS - 30_000);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(app.errors).toEqual([]);
  });

  it("a login can be repeated after a broken lock has stopped it", async () => {
    const { simulator, user, browser, mend } = await startWithBrokenLock();
    expect(failureOf(await browser.signIn("/login", { user }))).toBe("503 lock_failed");

    mend();
    await browser.signIn("/login", { user });
    expect((await browser.get("/me")).json()).toEqual({ id: user.id });
    expect(exchangesAt(simulator)).toBe(1);
  });

  it("a reload completes a login that a broken lock has stopped", async () => {
    const { simulator, user, browser, mend } = await startWithBrokenLock();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    expect(failureOf(await browser.get(callbackUrl))).toBe("503 lock_failed");

    mend();
    expect((await browser.get(callbackUrl)).json()).toMatchObject({ replayed: false, userId: user.id });
  });

  it("a lock that runs its task too late gets an error, and nothing is refreshed", async () => {
    const late = createGate();
    const told = createGate();
    let reason: unknown;
    const { simulator, browser, advance } = await startWith(async (_key, task) => {
      await late.opened;
      await task().catch((error: unknown) => {
        reason = error;
      });
      told.open();
    });
    advance(WEEK_MS);
    expect(failureOf(await browser.get("/guarded"))).toBe("503 lock_failed");
    late.open();
    await told.opened;
    expect(reason).toBeInstanceOf(Error);
    expect(refreshesAt(simulator)).toBe(0);
  });

  it("a lock that cannot be released has still done its work", async () => {
    const { simulator, app, browser, advance } = await startWith(async (_key, task) => {
      await task();
      throw new Error("The lock server has gone away.");
    });
    advance(WEEK_MS);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
    expect(app.errors).toEqual([]);
  });

  it("a lock makes a refusal final at once", async () => {
    const { simulator, user, browser, advance } = await startWith((_key, task) => task(), {
      store: new SharedStore(),
    });
    advance(WEEK_MS);
    simulator.removeAuthorization(user);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 grant_ended");
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
  });

  it.runIf(inject("services").redisUrl)(
    "no token is lost if the lock's server goes away and comes back",
    async () => {
      const line = await layLine(inject("services").redisUrl ?? "");
      const redis = new Redis(line.url, { maxRetriesPerRequest: 1, retryStrategy: () => 20 });
      redis.on("error", () => undefined);
      onTestFinished(() => redis.disconnect());
      const { simulator, browser, advance } = await startWith(redisLock(redis), { timeoutMs: 5000 });
      advance(WEEK_MS);
      const lost = new Promise((resolve) => redis.once("close", resolve));
      line.cut();
      await lost;
      expect(failureOf(await browser.get("/guarded"))).toBe("503 lock_failed");
      expect(refreshesAt(simulator)).toBe(0);

      const back = new Promise((resolve) => redis.once("ready", resolve));
      line.mend();
      await back;
      expect((await browser.get("/guarded")).status).toBe(200);
      expect(refreshesAt(simulator)).toBe(1);
    },
  );

  /** Starts an app with a signed-in visitor, whose refreshes run under the lock. */
  function startWith(lock: Lock, { store = new MemoryStore(), timeoutMs = 300 } = {}) {
    const forRefreshes: Lock = (key, task) => (key.startsWith("discord-refresh-") ? lock(key, task) : task());
    return startSignedIn(createApp, { session: { store }, discord: { lock: forRefreshes, timeoutMs } });
  }
});
