import { MemoryStore, type SessionData, type Store } from "express-session";
import { describe, expect, it } from "vitest";
import { LATEST_EXPRESS, startApp } from "../support/app.js";
import { createGate } from "../support/gate.js";
import { failureOf, refreshesAt, WEEK_MS } from "../support/signed-in.js";
import { recordKeyIn, startSignedInOn } from "../support/signed-in-on.js";
import { type SlowRoute, slowRoute } from "../support/slow-route.js";
import { MEMCACHED, MEMORY, type StoreKind, served } from "../support/stores.js";

/** Longer than a process answers from memory. */
const PAST_MEMORY_MS = 31_000;
/** Every token is refreshed a minute before it expires. */
const JUST_BEFORE_DUE_MS = WEEK_MS - 70_000;

/** A store that other processes may share, and whose touch simply writes the record it is given. */
class SettingStore extends MemoryStore {
  override touch(key: string, session: SessionData, callback?: () => void): void {
    this.set(key, session, callback);
  }
}

const SETTING: StoreKind = {
  ...MEMORY,
  name: "a store in memory",
  async open() {
    const store = new SettingStore();
    const entries = () =>
      new Promise<Record<string, SessionData>>((resolve, reject) =>
        store.all((error, found) => (error ? reject(error) : resolve({ ...found }))),
      );
    return {
      store,
      keys: async () => Object.keys(await entries()),
      lifetimeMs: async (key) => (await entries())[key]?.cookie.originalMaxAge ?? Number.POSITIVE_INFINITY,
    };
  },
};

describe.each(LATEST_EXPRESS)("touch on %s", (_express, createApp) => {
  describe.each(served([SETTING, MEMCACHED]))("%s whose touch calls set", (name, kind) => {
    it(`${name} whose touch calls set loses no pair around a refresh in two processes`, async () => {
      const { opened, simulator, user, app, browser, advance } = await startSignedInOn(createApp, kind);
      const process = () => startApp(createApp, simulator, { session: { store: opened.store } });
      const other = await process();
      for (const _week of [1, 2]) {
        for (const passed of [JUST_BEFORE_DUE_MS, 5000, 4000, 1000, PAST_MEMORY_MS, 60_000]) {
          advance(passed);
          const visits = [app, other, app, other].map(({ url }) => browser.get(`${url}/me`));
          expect((await Promise.all(visits)).map((answer) => answer.json())).toEqual(
            visits.map(() => ({ id: user.id })),
          );
        }
      }
      const last = await process();
      expect((await browser.get(`${last.url}/me`)).json()).toEqual({ id: user.id });
      expect(refreshesAt(simulator)).toBe(2);
    });

    it.each(["/logout", "/logout?everywhere=true"])(
      `${name} whose touch calls set restores nothing that %s has ended`,
      async (path) => {
        const slow: SlowRoute[] = [];
        const story = await startSignedInOn(createApp, kind, {
          routes(to, discord) {
            const route = slowRoute((req) => discord.isAuthorized(req));
            route.mount(to);
            slow.push(route);
          },
        });
        const { opened, simulator, app, browser, advance } = story;
        const process = () => startApp(createApp, simulator, { session: { store: opened.store } });
        const other = await process();
        const record = await recordKeyIn(opened);

        advance(PAST_MEMORY_MS);
        const held = holdTouch(opened.store, record);
        const visit = browser.clone().get("/slow");
        await held.begun;
        await slow[0]?.entered;
        expect((await browser.post(`${other.url}${path}`)).status).toBe(200);
        expect(await opened.keys()).not.toContain(record);
        await held.release();
        expect(await opened.keys()).toContain(record);
        // It writes the session as it was before the sign-out.
        slow[0]?.letGo();
        expect((await visit).status).toBe(200);

        const last = await process();
        expect(failureOf(await browser.get(`${last.url}/me`))).toBe("401 not_signed_in");
        // A sign-out everywhere may still be about to read the record, to revoke its pair.
        if (path === "/logout") expect(await opened.keys()).not.toContain(record);
        advance(PAST_MEMORY_MS);
        for (const { url } of [app, other])
          expect(failureOf(await browser.get(`${url}/me`))).toBe("401 not_signed_in");
      },
    );
  });
});

/** Holds the next touch of this key. `begun` resolves when it has started, `release` when it has taken effect. */
function holdTouch(store: Store, key: string) {
  const entrance = createGate();
  const exit = createGate();
  const end = createGate();
  const touch = store.touch?.bind(store);
  store.touch = (id, session, callback) => {
    if (id !== key) return touch?.(id, session, callback);
    entrance.open();
    void exit.opened.then(() =>
      touch?.(id, session, () => {
        callback?.();
        end.open();
      }),
    );
  };
  return {
    begun: entrance.opened,
    release(): Promise<void> {
      exit.open();
      return end.opened;
    },
  };
}
