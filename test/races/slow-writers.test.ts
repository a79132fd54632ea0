import { describe, expect, it } from "vitest";
import { requiresAuthorization } from "../../src/index.js";
import { LATEST_EXPRESS, startApp } from "../support/app.js";
import { createGate } from "../support/gate.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";
import { slowRoute } from "../support/slow-route.js";
import { MEMORY, REDIS, served } from "../support/stores.js";
import { isRecord, WatchedStore } from "../support/watched-store.js";

const HOUR_MS = 3_600_000;

const SETTINGS = LATEST_EXPRESS.flatMap(([express, createApp]) =>
  served([MEMORY, REDIS]).map(([store, kind]) => [express, store, createApp, kind] as const),
);

describe.each(SETTINGS)("slow requests that write the session on %s and %s", (_e, _s, createApp, kind) => {
  it.each([true, false])(
    "a slow request that writes the session does not undo another's refresh (resave: %s)",
    async (resave) => {
      const { store } = await kind.open();
      const slow = slowRoute();
      const session = { store, resave };
      const { simulator, browser, advance } = await startSignedIn(createApp, { session, routes: slow.mount });
      const writing = browser.get(slow.path);
      await slow.entered;
      advance(WEEK_MS);
      expect((await browser.get("/user?fresh=true")).status).toBe(200);
      slow.letGo();
      expect((await writing).status).toBe(200);

      const other = await startApp(createApp, simulator, { session });
      expect((await browser.get(`${other.url}/me`)).status).toBe(200);
      advance(WEEK_MS);
      expect((await browser.get("/user?fresh=true")).status).toBe(200);
      expect(refreshesAt(simulator)).toBe(2);
    },
  );

  it.each([true, false])(
    "a slow request that writes the session does not undo a logout (resave: %s)",
    async (resave) => {
      const { store } = await kind.open();
      const slow = slowRoute();
      const session = { store, resave };
      const { simulator, browser, advance } = await startSignedIn(createApp, { session, routes: slow.mount });
      const writing = browser.get(slow.path);
      await slow.entered;
      expect((await browser.post("/logout")).status).toBe(200);
      slow.letGo();
      expect((await writing).status).toBe(200);

      expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
      advance(31_000);
      expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
      const other = await startApp(createApp, simulator, { session });
      expect(failureOf(await browser.get(`${other.url}/me`))).toBe("401 not_signed_in");
    },
  );

  it("a slow request that writes the session signs nobody back in after an account switch", async () => {
    const { store } = await kind.open();
    const slow = slowRoute();
    const session = { store };
    const { simulator, browser } = await startSignedIn(createApp, { session, routes: slow.mount });
    const former = browser.clone();
    const writing = former.get(slow.path);
    await slow.entered;
    const second = simulator.addUser();
    await browser.signIn("/login", { user: second });
    slow.letGo();
    expect((await writing).status).toBe(200);

    expect((await browser.get("/me")).json()).toEqual({ id: second.id });
    expect(failureOf(await former.get("/me"))).toBe("401 not_signed_in");
    const other = await startApp(createApp, simulator, { session });
    expect(failureOf(await former.get(`${other.url}/me`))).toBe("401 not_signed_in");
    expect((await browser.get(`${other.url}/me`)).json()).toEqual({ id: second.id });
  });
});

describe.each(LATEST_EXPRESS)("requests that lengthen the session on %s", (_express, createApp) => {
  it("requests that lengthen the session while the store is slow share an extension", async () => {
    const store = new WatchedStore();
    const { app, browser } = await startSignedIn(createApp, {
      session: { store, cookie: { maxAge: HOUR_MS } },
      routes: (to) =>
        to.get("/remember-me", requiresAuthorization, (req, res) => {
          req.session.cookie.maxAge = 20 * HOUR_MS;
          res.json({ remembered: true });
        }),
    });
    await browser.get("/guarded");
    const before = store.written.length;
    const slow = createGate();
    store.holdsBack = (id) => (isRecord(id) ? slow.opened : undefined);

    const answers = await Promise.all(Array.from({ length: 20 }, () => browser.get("/remember-me")));
    slow.open();
    await app.discord.close();

    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    // Two extensions, each with a lease that is acquired and released.
    expect(store.written.slice(before).filter(isRecord).length).toBeLessThanOrEqual(6);
  });
});
