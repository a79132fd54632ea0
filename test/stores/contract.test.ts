import cookieSession from "cookie-session";
import type { Application } from "express";
import { MemoryStore, type SessionData, type Store } from "express-session";
import { describe, expect, it } from "vitest";
import type { DiscordOAuth2Session } from "../../src/index.js";
import { LATEST_EXPRESS, startApp, type TestAppOptions } from "../support/app.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";
import { recordKeyIn, startSignedInOn } from "../support/signed-in-on.js";
import { slowRoute } from "../support/slow-route.js";
import { STORES, type StoreForTest, served } from "../support/stores.js";

type Sessions = Pick<TestAppOptions, "session" | "sessionMiddleware">;
type Routes = (app: Application, discord: DiscordOAuth2Session, opened: StoreForTest) => void;

/** A key in the default format of session ids. */
const OURS = /^discord-[\w-]{24}$/;

const EVERY_KIND: readonly (readonly [name: string, open: () => Promise<Sessions>])[] = [
  ...served(STORES).map(
    ([name, kind]) => [name, async () => ({ session: { store: (await kind.open()).store } })] as const,
  ),
  ["cookie-session", async () => ({ sessionMiddleware: cookieSession({ secret: "of the cookie" }) })],
];

describe.each(LATEST_EXPRESS)("stores on %s", (_express, createApp) => {
  describe.each(EVERY_KIND)("sessions in %s", (name, open) => {
    it(`sessions in ${name} carry a sign-in through login, guarded page, refresh and logout`, async () => {
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

    it(`a slow request that writes the old session in ${name} does not undo a refresh`, async () => {
      const slow = slowRoute();
      const options = { ...(await open()), routes: slow.mount };
      const { simulator, browser, advance } = await startSignedIn(createApp, options);
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

    it(`a slow request that writes the old session in ${name} does not undo a logout`, async () => {
      const slow = slowRoute();
      const { browser } = await startSignedIn(createApp, { ...(await open()), routes: slow.mount });
      const writing = browser.get(slow.path);
      await slow.entered;
      await browser.post("/logout");
      slow.letGo();
      expect((await writing).status).toBe(200);
      expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
      expect((await browser.get("/authorized")).json()).toBe(false);
    });

    it(`another user can sign in after the first in ${name}`, async () => {
      const { simulator, app, browser } = await startSignedIn(createApp, await open());
      const second = simulator.addUser();
      await browser.signIn("/login", { user: second });
      expect((await browser.get("/me")).json()).toEqual({ id: second.id });
      expect(app.errors).toEqual([]);
    });
  });

  describe.each(served(STORES))("%s", (name, kind) => {
    it(`${name} holds a session and a sealed record for each sign-in, under keys of the same form`, async () => {
      const { opened } = await startSignedInOn(createApp, kind);
      const keys = await opened.keys();
      const [sessions, records] = [
        keys.filter((key) => !OURS.test(key)),
        keys.filter((key) => OURS.test(key)),
      ];
      expect(sessions).toHaveLength(1);
      expect(records).toContain(await recordKeyIn(opened));

      const contents = await Promise.all(keys.map((key) => read(opened.store, key)));
      expect(JSON.stringify(contents)).toContain('"grant":"');
      expect(JSON.stringify(contents)).not.toMatch(/accessToken|refreshToken/);
    });

    it("other processes see a sign-out, even if a slow request restores the session", async () => {
      const slow = slowRoute();
      const { opened, simulator, browser } = await startSignedInOn(createApp, kind, { routes: slow.mount });
      const writing = browser.get(slow.path);
      await slow.entered;
      await browser.post("/logout");
      slow.letGo();
      await writing;
      const other = await startApp(createApp, simulator, { session: { store: opened.store } });
      expect(failureOf(await browser.get(`${other.url}/me`))).toBe("401 not_signed_in");
    });

    it(`${name} is asked once in 30 seconds for a record that is missing`, async () => {
      const { opened, simulator, browser, advance, quiet } = await startSignedInOn(createApp, kind);
      const key = await recordKeyIn(opened);
      // What it still does after the login would restore the record.
      await quiet();
      await new Promise((resolve) => opened.store.destroy(key, resolve));
      const asked = countReads(opened.store, key);
      const other = await startApp(createApp, simulator, { session: { store: opened.store } });

      for (const _ of [1, 2, 3])
        expect(failureOf(await browser.get(`${other.url}/me`))).toBe("401 not_signed_in");
      expect(asked()).toBe(1);
      advance(30_000);
      expect(failureOf(await browser.get(`${other.url}/me`))).toBe("401 not_signed_in");
      expect(asked()).toBe(2);
    });
  });

  it("a store may call the method toJSON of a cookie", async () => {
    const store = new MemoryStore();
    const set = store.set.bind(store);
    const serialized: unknown[] = [];
    store.set = (key, { cookie, ...data }, callback) => {
      serialized.push((cookie as unknown as { toJSON(): unknown }).toJSON());
      set(key, { cookie, ...data }, callback);
    };
    const session = { store, cookie: { maxAge: WEEK_MS } };
    const { user, browser, advance } = await startSignedIn(createApp, { session });
    advance(60_000);
    expect((await browser.get("/me")).json()).toEqual({ id: user.id });
    for (const cookie of serialized) expect(cookie).toMatchObject({ expires: expect.any(Date), path: "/" });
  });

  describe.each(served(STORES.filter(({ canGoAway }) => canGoAway)))("%s", (name, kind) => {
    it(`nobody is signed out if ${name} goes away in the middle of a request`, async () => {
      const routes: Routes = (app, discord, { outage }) => {
        app.get("/while-away", (req, res, next) => {
          const answer = outage?.begin().then(() => discord.isAuthorized(req));
          answer?.then((is) => res.json(is), next);
        });
      };
      const { opened, simulator, app, browser, advance } = await startSignedInOn(createApp, kind, { routes });
      advance(WEEK_MS);
      // The session cannot be saved either, so Express ends the connection after the response.
      const answer = await browser.get("/while-away", { headers: { Connection: "close" } });
      expect(failureOf(answer)).toBe("503 store_failed");
      expect(app.errors[0]).toMatchObject({ name: "HttpException", status: 503, code: "store_failed" });
      expect(refreshesAt(simulator)).toBe(0);

      await opened.outage?.end();
      expect((await browser.get("/guarded")).status).toBe(200);
      expect(refreshesAt(simulator)).toBe(1);
    });
  });
});

function read(store: Store, key: string): Promise<SessionData> {
  return new Promise((resolve, reject) =>
    store.get(key, (error, session) => (session ? resolve(session) : reject(error ?? new Error(key)))),
  );
}

/** Counts the reads of this key from now on. */
function countReads(store: Store, key: string): () => number {
  let count = 0;
  const get = store.get.bind(store);
  store.get = (id, callback) => {
    if (id === key) count += 1;
    get(id, callback);
  };
  return () => count;
}
