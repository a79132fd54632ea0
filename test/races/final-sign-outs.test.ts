import type { Store } from "express-session";
import { Redis } from "ioredis";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import type { Lock } from "../../src/index.js";
import { redisLock } from "../processes/redis-lock.js";
import { LATEST_EXPRESS, startApp } from "../support/app.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";
import { REDIS, served } from "../support/stores.js";

/** For more, run `COLLISIONS=1000 npx vitest run test/races/final-sign-outs.test.ts`. */
const COLLISIONS = Number(process.env["COLLISIONS"] ?? 24);
const [[, createApp] = []] = LATEST_EXPRESS;

describe.each(served([REDIS]))("sign-outs during refreshes on %s", (_name, kind) => {
  it.each([
    ["here, without a lock", "/logout", false],
    ["everywhere, without a lock", "/logout?everywhere=true", false],
    ["here, with a lock", "/logout", true],
    ["everywhere, with a lock", "/logout?everywhere=true", true],
  ])(
    "a sign-out during another process's refresh is never undone: %s",
    { timeout: 60_000 + 500 * COLLISIONS },
    async (_how, logout, locks) => {
      if (!createApp) throw new Error("There is no Express to test on.");
      const { store, keys } = await kind.open();
      const discord = locks ? { lock: await startLock() } : {};
      const { simulator, app, advance } = await startSignedIn(createApp, { session: { store }, discord });
      const other = await startApp(createApp, simulator, {
        session: { store },
        discord: { ...discord, redirectUri: `${app.url}/callback` },
      });
      const browsers = [];
      for (let count = 0; count < COLLISIONS; count += 1) {
        const browser = app.browser();
        await browser.signIn("/login", { user: simulator.addUser() });
        browsers.push(browser);
      }
      advance(WEEK_MS);
      simulator.clearRequests();

      let undone = 0;
      for (const [index, browser] of browsers.entries()) {
        const stale = browser.clone();
        const refreshing = stale.get(`${other.url}/me`);
        // Each starts a little later into the refresh than the one before.
        for (let tick = 0; tick < 4 * (index % 24); tick += 1) await new Promise(setImmediate);
        expect((await browser.post(logout)).status).toBe(200);
        await refreshing;
        const pages = await Promise.all([stale.get(`${other.url}/me`), stale.get("/guarded")]);
        undone += pages.filter(({ status }) => status !== 401).length;
      }
      advance(31_000);
      for (const browser of browsers) undone += (await browser.get("/guarded")).status === 401 ? 0 : 1;

      expect(undone).toBe(0);
      // A token that is still in the store would admit a session that a slow request has restored.
      const contents = await Promise.all((await keys()).map((key) => contentOf(store, key)));
      // The one that is left belongs to the visitor who has not signed out.
      expect(contents.filter((content) => content.length > 200)).toHaveLength(1);
      expect(refreshesAt(simulator)).toBeGreaterThan(0);
      expect(failureOf(await app.browser().get("/guarded"))).toBe("401 not_signed_in");
    },
  );
});

/** Returns the content of a record; nothing for a session. */
function contentOf(store: Store, key: string): Promise<string> {
  return new Promise((resolve, reject) =>
    store.get(key, (error, session) =>
      error ? reject(error) : resolve(String((session as { grant?: string } | null)?.grant ?? "")),
    ),
  );
}

async function startLock(): Promise<Lock> {
  const redis = new Redis(inject("services").redisUrl ?? "");
  onTestFinished(() => void redis.disconnect());
  return redisLock(redis);
}
