import type { Application } from "express";
import { MemoryStore, type SessionData } from "express-session";
import { describe, expect, it } from "vitest";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { openLogin, signedInAs } from "../support/login.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";
import { startSignedInOn } from "../support/signed-in-on.js";
import { MEMCACHED, served } from "../support/stores.js";
import { isLease, UnfitStore } from "../support/unfit-store.js";
import { collectWarnings } from "../support/warnings.js";

const DAY_MS = 86_400_000;
/** Longer than a process answers from memory. */
const PAST_MEMORY_MS = 31_000;

async function expectFailedLogin(createApp: () => Application, store: UnfitStore): Promise<void> {
  const simulator = await startSimulator();
  const app = await startApp(createApp, simulator, { session: { store } });
  const browser = app.browser();
  const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());

  expect(failureOf(await browser.get(callbackUrl))).toBe("503 store_failed");
  expect(app.errors).toMatchObject([{ code: "store_failed", cause: { message: /./ } }]);
  expect(await signedInAs(browser)).toBeUndefined();
}

describe.each(LATEST_EXPRESS)("unfit stores on %s", (_express, createApp) => {
  describe("stores that lose records", () => {
    it("a login fails with the reason if the store accepts its record and loses it", async () => {
      const store = new UnfitStore();
      store.fate = () => "lost";
      await expectFailedLogin(createApp, store);
    });

    it("a login fails with the reason if the store keeps its record without the content", async () => {
      const store = new UnfitStore();
      const set = store.set.bind(store);
      // Like a table with a column for each property that the app's sessions have.
      store.set = (key, { cookie, discord }, callback) =>
        set(key, { cookie, discord } as SessionData, callback);
      await expectFailedLogin(createApp, store);
    });

    it("a login whose record was lost is completed by a reload once the store keeps records", async () => {
      const simulator = await startSimulator();
      const store = new UnfitStore();
      const app = await startApp(createApp, simulator, { session: { store } });
      const [browser, user] = [app.browser(), simulator.addUser()];
      const { callbackUrl } = await openLogin(browser, simulator, user);
      store.fate = () => "lost";
      expect(failureOf(await browser.get(callbackUrl))).toBe("503 store_failed");
      expect(failureOf(await browser.get(callbackUrl))).toBe("503 store_failed");

      store.fate = () => "kept";
      await browser.get(callbackUrl);
      expect(await signedInAs(browser)).toBe(user.id);
    });

    it("a login succeeds if its record appears late, as on a lagging replica", async () => {
      const store = new UnfitStore();
      store.lag = 1;
      const { user, browser } = await startSignedIn(createApp, { session: { store } });
      expect(await signedInAs(browser)).toBe(user.id);
    });

    it("one warning reports a store that begins to lose records, and requests still work", async () => {
      const store = new UnfitStore();
      const { simulator, user, browser, advance } = await startSignedIn(createApp, { session: { store } });
      const other = simulator.addUser();
      const codes = collectWarnings();
      // A process of its own, which has not written a record yet.
      const app = await startApp(createApp, simulator, { session: { store } });
      store.fate = (key, session) => (isLease(key, session) ? "kept" : "lost");
      advance(WEEK_MS);

      expect((await browser.get(`${app.url}/me`)).json()).toEqual({ id: user.id });
      await expect.poll(() => codes.length, { timeout: 5000 }).toBe(1);

      store.fate = () => "kept";
      const second = app.browser();
      await second.signIn("/login", { user: other });
      store.fate = (key, session) => (isLease(key, session) ? "kept" : "lost");
      advance(WEEK_MS);
      expect((await second.get("/me")).json()).toEqual({ id: other.id });
      await second.get("/me");
      expect(codes).toHaveLength(1);
    });
  });

  describe.each(served([MEMCACHED]))("lifetimes in %s", (name, kind) => {
    it(`a login fails if sessions live longer than ${name} can keep anything`, async () => {
      const session = { cookie: { maxAge: (kind.longestMs ?? 0) + DAY_MS } };
      const { app } = await startSignedInOn(createApp, kind, { session });
      expect(app.errors).toMatchObject([{ code: "store_failed", cause: { message: /./ } }]);
    });

    it(`${name} keeps a sign-in up to its limit`, async () => {
      const session = { cookie: { maxAge: kind.longestMs ?? 0 } };
      const { user, browser, advance } = await startSignedInOn(createApp, kind, { session });
      advance(PAST_MEMORY_MS);
      expect(await signedInAs(browser)).toBe(user.id);
    });
  });

  describe.each(["refused", "lost"] as const)("stores in which a lease is %s", (fate) => {
    it(`a store in which a lease is ${fate} lets logins and refreshes through, with one warning`, async () => {
      const codes = collectWarnings();
      const store = new UnfitStore();
      store.fate = (key, session) => (isLease(key, session) ? fate : "kept");
      const session = { store, cookie: { maxAge: 20 * DAY_MS } };
      const { simulator, app, user, browser, advance } = await startSignedIn(createApp, { session });
      expect((await app.browser().signIn("/login", { user: simulator.addUser() })).status).toBe(200);

      for (const refreshes of [1, 2, 3]) {
        advance(WEEK_MS);
        expect(await signedInAs(browser)).toBe(user.id);
        expect(refreshesAt(simulator)).toBe(refreshes);
      }
      await expect.poll(() => codes, { timeout: 5000 }).toEqual(["EXPRESS_DISCORD_NO_LEASE"]);
    });

    it(`a single process does not notice if a lease is ${fate}`, async () => {
      const store = new MemoryStore();
      const unfit = new UnfitStore();
      unfit.fate = () => fate;
      const set = store.set.bind(store);
      store.set = (key, session, callback) =>
        isLease(key, session) ? unfit.set(key, session, callback) : set(key, session, callback);
      const { user, browser, advance } = await startSignedIn(createApp, { session: { store } });
      advance(WEEK_MS);
      expect(await signedInAs(browser)).toBe(user.id);
      advance(PAST_MEMORY_MS);
      expect(await signedInAs(browser)).toBe(user.id);
    });
  });
});
