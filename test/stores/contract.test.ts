import cookieSession from "cookie-session";
import type { SessionData } from "express-session";
import { describe, expect, it } from "vitest";
import { EXPRESS, startApp, type TestAppOptions } from "../support/app.js";
import { failureOf, lastFailure, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";
import { slowRoute } from "../support/slow-route.js";
import { STORES, type StoreForTest, type StoreKind, served } from "../support/stores.js";

const DAY_MS = 86_400_000;
/** What a store may round, and a test take. */
const TOLERANCE_MS = 20_000;
const RECORD = /^discord-[\w-]{24}$/;

type SessionsOfTest = Pick<TestAppOptions, "session" | "sessionMiddleware">;

const SESSIONS: readonly (readonly [name: string, open: () => Promise<SessionsOfTest>])[] = [
  ...served(STORES).map(
    ([name, kind]) => [name, async () => ({ session: { store: (await kind.open()).store } })] as const,
  ),
  ["cookie-session", async () => ({ sessionMiddleware: cookieSession({ secret: "of the cookie" }) })],
];

for (const [express, createApp] of EXPRESS) {
  describe.each(SESSIONS)(`on ${express}, sessions in %s`, (_name, open) => {
    it("carry a sign-in through login, guarded page, refresh and logout", async () => {
      const { simulator, user, browser, advance } = await startSignedIn(createApp, await open());
      expect((await browser.get("/guarded")).status).toBe(200);
      expect((await browser.get("/me")).json()).toEqual({ id: user.id });

      for (const refreshes of [1, 2]) {
        advance(WEEK_MS);
        expect((await browser.get("/user?fresh=true")).status).toBe(200);
        expect(refreshesAt(simulator)).toBe(refreshes);
      }

      expect((await browser.post("/logout")).status).toBe(200);
      expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    });

    it("keep the new pair when a slow request writes the former session", async () => {
      const slow = slowRoute();
      const { simulator, browser, advance } = await startSignedIn(createApp, {
        ...(await open()),
        routes: (app) => slow.mount(app),
      });
      const writing = browser.get(slow.path);
      await slow.entered;
      advance(WEEK_MS);
      expect((await browser.get("/guarded")).status).toBe(200);
      slow.letGo();
      expect((await writing).status).toBe(200);

      expect((await browser.get("/user?fresh=true")).status).toBe(200);
      advance(WEEK_MS);
      expect((await browser.get("/user?fresh=true")).status).toBe(200);
      expect(refreshesAt(simulator)).toBe(2);
    });

    it("stay signed out when a slow request brings the session back", async () => {
      const slow = slowRoute();
      const { browser } = await startSignedIn(createApp, {
        ...(await open()),
        routes: (app) => slow.mount(app),
      });
      const writing = browser.get(slow.path);
      await slow.entered;
      await browser.post("/logout");
      slow.letGo();
      expect((await writing).status).toBe(200);
      expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
      expect((await browser.get("/authorized")).json()).toBe(false);
    });

    it("let another user in after one has left", async () => {
      const { simulator, app, browser } = await startSignedIn(createApp, await open());
      const second = simulator.addUser();
      await browser.signIn("/login", { user: second });
      expect((await browser.get("/me")).json()).toEqual({ id: second.id });
      expect(app.errors).toEqual([]);
    });
  });

  describe.each(served(STORES))(`on ${express}, the store %s`, (_name, kind) => {
    it("holds one session and one sealed record for a sign-in, and counts both", async () => {
      const { opened, simulator } = await startWith(kind);
      const keys = await opened.keys();
      expect(keys).toHaveLength(2);
      expect(keys.filter((key) => RECORD.test(key))).toHaveLength(1);

      const stored = JSON.stringify(await Promise.all(keys.map((key) => read(opened, key))));
      const [exchange] = simulator.requestsTo("POST /oauth2/token");
      expect(exchange).toBeUndefined();
      expect(stored).toContain('"grant":"');
      expect(stored).not.toMatch(/accessToken|refreshToken|access_token/);
    });

    it("keeps the record for 30 days, whatever the session's own lifetime, and anew after a refresh", async () => {
      const session = { rolling: true, resave: true, cookie: { maxAge: 3_600_000 } };
      const { opened, browser, advance } = await startWith(kind, session);
      const key = await recordKey(opened);
      expect(await opened.lifetimeMs(key)).toBeLessThanOrEqual(30 * DAY_MS + TOLERANCE_MS);
      expect(await opened.lifetimeMs(key)).toBeGreaterThan(30 * DAY_MS - TOLERANCE_MS);

      await write(opened, key, { ...(await read(opened, key)), cookie: lastingMs(60_000) });
      expect((await browser.get("/guarded")).status).toBe(200);
      expect(await opened.lifetimeMs(key)).toBeLessThan(60_000 + TOLERANCE_MS);

      advance(WEEK_MS);
      expect((await browser.get("/guarded")).status).toBe(200);
      expect(await opened.lifetimeMs(key)).toBeGreaterThan(30 * DAY_MS - TOLERANCE_MS);
    });

    it("keeps the record a day longer than a long session can live", async () => {
      const { opened } = await startWith(kind, { cookie: { maxAge: 90 * DAY_MS } });
      const lifetime = await opened.lifetimeMs(await recordKey(opened));
      expect(lifetime).toBeGreaterThan(91 * DAY_MS - TOLERANCE_MS);
      expect(lifetime).toBeLessThanOrEqual(91 * DAY_MS + TOLERANCE_MS);
    });

    it("keeps the note of a sign-out for a day at least, or as long as the session can live", async () => {
      for (const [maxAge, lifetimeMs] of [
        [3_600_000, DAY_MS],
        [90 * DAY_MS, 90 * DAY_MS],
      ] as const) {
        const { opened, browser } = await startWith(kind, { cookie: { maxAge } });
        const key = await recordKey(opened);
        await browser.post("/logout");
        expect(await opened.lifetimeMs(key)).toBeGreaterThan(lifetimeMs - TOLERANCE_MS);
        expect(await opened.lifetimeMs(key)).toBeLessThanOrEqual(lifetimeMs + TOLERANCE_MS);
      }
    });

    it("shows a sign-out to every other process, even when a slow request brings the session back", async () => {
      const slow = slowRoute();
      const { opened, simulator, browser } = await startWith(kind, {}, (app) => slow.mount(app));
      const other = await startApp(createApp, simulator, {
        session: { store: opened.store },
        routes: (app, discord) => {
          app.get("/authorized", (req, res, next) => {
            discord.isAuthorized(req).then((is) => void res.json(is), next);
          });
        },
      });
      expect((await browser.get(`${other.url}/authorized`)).json()).toBe(true);

      const writing = browser.get(slow.path);
      await slow.entered;
      await browser.post("/logout");
      slow.letGo();
      await writing;
      const third = await startApp(createApp, simulator, { session: { store: opened.store } });
      expect(failureOf(await browser.get(`${third.url}/me`))).toBe("401 not_signed_in");
    });

    it("is asked once in 30 seconds for a record that is missing", async () => {
      const { opened, simulator, browser, advance } = await startWith(kind);
      const key = await recordKey(opened);
      await new Promise((resolve) => opened.store.destroy(key, resolve));
      const asked = watchReads(opened, key);
      const other = await startApp(createApp, simulator, { session: { store: opened.store } });

      for (const _ of [1, 2, 3])
        expect(failureOf(await browser.get(`${other.url}/me`))).toBe("401 not_signed_in");
      expect(asked()).toBe(1);
      advance(30_000);
      expect(failureOf(await browser.get(`${other.url}/me`))).toBe("401 not_signed_in");
      expect(asked()).toBe(2);
    });
  });

  describe.each(served(STORES.filter(({ name }) => name !== "MemoryStore")))(
    `on ${express}, the store %s`,
    (_name, kind) => {
      it("signs nobody out when it goes away, and says store_failed", async () => {
        const slow = slowRoute();
        const { opened, simulator, app, browser, advance } = await startWith(kind, {}, (to, discord) => {
          to.get("/while-away", (req, _res, next) => {
            const begun = opened?.outage?.begin() ?? Promise.resolve();
            begun.then(() => discord.isAuthorized(req)).then(() => next(new Error("It passed.")), next);
          });
          slow.mount(to);
        });
        advance(WEEK_MS);
        const answer = await browser.get("/while-away");
        expect(failureOf(answer)).toBe("503 store_failed");
        expect(app.errors[0]).toMatchObject({ name: "HttpException", status: 503, code: "store_failed" });
        expect(refreshesAt(simulator)).toBe(0);

        await opened.outage?.end();
        expect((await browser.get("/guarded")).status).toBe(200);
        expect(refreshesAt(simulator)).toBe(1);
        expect(lastFailure).toBeDefined();
      });
    },
  );

  async function startWith(
    kind: StoreKind,
    session: TestAppOptions["session"] = {},
    routes: NonNullable<TestAppOptions["routes"]> = () => {},
  ) {
    const opened = await kind.open();
    const started = await startSignedIn(createApp, { session: { ...session, store: opened.store }, routes });
    return { ...started, opened };
  }
}
