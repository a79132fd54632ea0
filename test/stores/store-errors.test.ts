import { runInNewContext } from "node:vm";
import { MemoryStore, type SessionData } from "express-session";
import { describe, expect, it } from "vitest";
import { forward, LATEST_EXPRESS, startApp } from "../support/app.js";
import { signedInAs } from "../support/login.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";
import { startSignedInOn } from "../support/signed-in-on.js";
import { POSTGRES_SOCKET, served } from "../support/stores.js";

type Callback = (error?: unknown) => void;
type Lookup = (error: unknown, session?: SessionData | null) => void;

/** Longer than a process answers from memory. */
const PAST_MEMORY_MS = 31_000;

const NO_SOCKET = { code: "ENOENT", syscall: "connect", address: "the socket of a server that restarts" };
const NO_FILE = { code: "ENOENT", syscall: "open", path: "the session's file" };

const ERRORS: readonly (readonly [what: string, of: (fields: object) => unknown])[] = [
  ["an Error", (fields) => Object.assign(new Error("connect ENOENT"), fields)],
  ["an Error of another realm", (fields) => Object.assign(runInNewContext('new Error("ENOENT")'), fields)],
  ["an object", (fields) => ({ message: "connect ENOENT", ...fields })],
];

/** A store that other processes may share, and which can fail for this library only. */
class FailingStore extends MemoryStore {
  /** Makes this library's reads and writes fail. */
  failure: unknown;
  /** Makes this library's writes fail, but not its reads. */
  isReadable = false;

  override get(key: string, callback: Lookup): void {
    if (this.failure !== undefined && isOurs(key) && !this.isReadable) callback(this.failure);
    else super.get(key, callback);
  }

  override set(key: string, session: SessionData, callback?: Callback): void {
    if (this.failure !== undefined && isOurs(key)) callback?.(this.failure);
    else super.set(key, session, callback);
  }
}

describe.each(LATEST_EXPRESS)("store errors on %s", (_express, createApp) => {
  describe.each(ERRORS)("a missing socket, reported by %s", (what, errorOf) => {
    it(`a missing socket reported by ${what} signs nobody out, before a refresh or without one`, async () => {
      const store = new FailingStore();
      const { simulator, app, user, browser, advance } = await startSignedIn(createApp, {
        session: { store },
      });
      for (const passed of [PAST_MEMORY_MS, WEEK_MS]) {
        advance(passed);
        const failure = errorOf(NO_SOCKET);
        store.failure = failure;
        expect(failureOf(await browser.get("/guarded"))).toBe("503 store_failed");
        expect(app.errors.at(-1)).toMatchObject({ cause: { code: "ENOENT" } });
        store.failure = undefined;
        expect(await signedInAs(browser)).toBe(user.id);
      }
      expect(refreshesAt(simulator)).toBe(1);
    });

    it(`a missing socket reported by ${what} while a pair is stored loses neither pair nor sign-in`, async () => {
      const store = new FailingStore();
      const { simulator, user, browser, advance } = await startSignedIn(createApp, { session: { store } });
      advance(WEEK_MS);
      store.failure = errorOf(NO_SOCKET);
      store.isReadable = true;
      expect(await signedInAs(browser)).toBe(user.id);
      store.isReadable = false;
      expect([200, 503]).toContain((await browser.get("/guarded")).status);
      store.failure = undefined;

      const other = await startApp(createApp, simulator, { session: { store } });
      await expect.poll(() => signedInAs(browser), { timeout: 5000 }).toBe(user.id);
      await expect
        .poll(async () => (await browser.get(`${other.url}/me`)).status, { timeout: 5000 })
        .toBe(200);
    });
  });

  describe.each(ERRORS)("a missing file, reported by %s", (what, errorOf) => {
    it(`a missing file reported by ${what} is a missing record`, async () => {
      const store = new FailingStore();
      const { browser, advance } = await startSignedIn(createApp, { session: { store } });
      advance(PAST_MEMORY_MS);
      store.failure = errorOf(NO_FILE);
      expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    });
  });

  describe.each(served([POSTGRES_SOCKET]))("%s", (name, kind) => {
    it(`nobody is signed out while the server of ${name} restarts`, async () => {
      const { opened, simulator, user, browser, advance } = await startSignedInOn(createApp, kind, {
        routes: (app, discord, { outage }) => {
          app.get(
            "/while-away",
            forward(async (req, res) => {
              await outage?.begin();
              res.json(await discord.isAuthorized(req));
            }),
          );
        },
      });
      for (const passed of [PAST_MEMORY_MS, WEEK_MS]) {
        advance(passed);
        const answer = await browser.get("/while-away", { headers: { Connection: "close" } });
        expect(failureOf(answer)).toBe("503 store_failed");
        await opened.outage?.end();
        expect(await signedInAs(browser)).toBe(user.id);
      }
      expect(refreshesAt(simulator)).toBe(1);
    });
  });
});

function isOurs(key: string): boolean {
  return key.startsWith("discord-");
}
