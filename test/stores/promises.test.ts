import { randomBytes } from "node:crypto";
import type { RequestHandler } from "express";
import { MemoryStore, type SessionData } from "express-session";
import { describe, expect, it } from "vitest";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { openLogin, signedInAs } from "../support/login.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";

type Callback = (error?: unknown) => void;
type Lookup = (error: unknown, session?: SessionData | null) => void;
type Action = "get" | "set" | "destroy";

/** Much less than the 20 seconds that stores have to answer. */
const AT_ONCE_MS = 3000;
/** Longer than a process answers from memory. */
const PAST_MEMORY_MS = 31_000;

/** Its promises resolve with nothing, before it calls back. */
class EmptyPromiseStore extends MemoryStore {
  override async get(key: string, callback: Lookup): Promise<void> {
    super.get(key, (error, session) => void later().then(() => callback(error, session)));
  }

  override async set(key: string, session: SessionData, callback?: Callback): Promise<void> {
    super.set(key, session, (error) => void later().then(() => callback?.(error)));
  }

  override async destroy(key: string, callback?: Callback): Promise<void> {
    super.destroy(key, (error) => void later().then(() => callback?.(error)));
  }
}

/** A call by this library that fails in its own way and never calls back. */
class RejectingStore extends MemoryStore {
  rejects: Action | undefined;
  fail: () => unknown = () => Promise.reject(new Error("Not connected."));

  override get(key: string, callback: Lookup): unknown {
    return this.#fails("get", key) ? this.fail() : super.get(key, callback);
  }

  override set(key: string, session: SessionData, callback?: Callback): unknown {
    return this.#fails("set", key) ? this.fail() : super.set(key, session, callback);
  }

  override destroy(key: string, callback?: Callback): unknown {
    return this.#fails("destroy", key) ? this.fail() : super.destroy(key, callback);
  }

  #fails(action: Action, key: string): boolean {
    return this.rejects === action && key.startsWith("discord-");
  }
}

const FAILURES: readonly (readonly [how: string, fail: () => unknown])[] = [
  ["a rejected promise", () => Promise.reject(new Error("Not connected."))],
  [
    "a promise that is rejected later",
    async () => {
      await later();
      throw new Error("Not connected.");
    },
  ],
  [
    "an exception",
    () => {
      throw new Error("Not connected.");
    },
  ],
];

describe.each(LATEST_EXPRESS)("promises of stores on %s", (_express, createApp) => {
  it("a store whose promises resolve to undefined is read by its callbacks", async () => {
    const store = new EmptyPromiseStore();
    const { simulator, user, browser, advance } = await startSignedIn(createApp, { session: { store } });
    expect(await signedInAs(browser)).toBe(user.id);
    advance(WEEK_MS);
    expect(await signedInAs(browser)).toBe(user.id);
    expect(refreshesAt(simulator)).toBe(1);
    const other = await startApp(createApp, simulator, { session: { store } });
    expect((await browser.get(`${other.url}/me`)).json()).toEqual({ id: user.id });
    expect((await browser.post("/logout")).status).toBe(200);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
  });

  it.each([null, false, "", 0])(
    "a store may call back with %j for what it does not have",
    async (nothing) => {
      const store = new MemoryStore();
      const { get } = store;
      store.get = (key, callback) =>
        get.call(store, key, (error, session) => callback(error, session ?? (nothing as never)));
      const { user, browser, advance } = await startSignedIn(createApp, { session: { store } });
      advance(WEEK_MS);
      expect(await signedInAs(browser)).toBe(user.id);
    },
  );

  it("a rejection after the store has called back is ignored", async () => {
    const store = new MemoryStore();
    const { get } = store;
    store.get = async (key, callback) => {
      await new Promise<void>((resolve) =>
        get.call(store, key, (error, session) => {
          callback(error, session);
          resolve();
        }),
      );
      if (key.startsWith("discord-")) throw new Error("Too late to matter.");
    };
    const { user, browser, advance } = await startSignedIn(createApp, { session: { store } });
    advance(PAST_MEMORY_MS);
    expect(await signedInAs(browser)).toBe(user.id);
  });

  describe.each(FAILURES)("stores that fail with %s and never call back", (how, fail) => {
    it(`a login fails at once if the store fails to write with ${how} and never calls back`, async () => {
      const store = new RejectingStore();
      store.fail = fail;
      const simulator = await startSimulator();
      const { browser } = await startApp(createApp, simulator, { session: { store } });
      const visitor = browser();
      const { callbackUrl } = await openLogin(visitor, simulator, simulator.addUser());
      store.rejects = "set";
      const startedAt = performance.now();
      expect(failureOf(await visitor.get(callbackUrl))).toBe("503 store_failed");
      expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
    });

    it(`a request and a sign-out fail at once if the store fails with ${how} and never calls back`, async () => {
      const store = new RejectingStore();
      store.fail = fail;
      const { user, browser, advance } = await startSignedIn(createApp, { session: { store } });
      advance(PAST_MEMORY_MS);
      store.rejects = "get";
      const startedAt = performance.now();
      expect(failureOf(await browser.get("/guarded"))).toBe("503 store_failed");
      store.rejects = undefined;
      expect(await signedInAs(browser)).toBe(user.id);
      store.rejects = "set";
      expect(failureOf(await browser.post("/logout"))).toBe("503 store_failed");
      expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
    });
  });

  describe("sessions with promises", () => {
    it("a session whose save() returns a promise is saved under a new id before the response", async () => {
      const sessions = new PromisedSessions();
      const { browser, user, simulator, visitor } = await startWith(sessions);
      const former = await visitor();
      await browser.signIn("/login", { user });
      expect(new Set(sessions.saved).size).toBe(1);
      expect(sessions.saved).not.toContain(former);
      expect(await signedInAs(browser)).toBe(user.id);
      expect(simulator.requestsTo("POST /oauth2/token")).toHaveLength(1);
    });

    it.each(["save", "regenerate"] as const)(
      "a login fails at once if the promise of %s is rejected",
      async (method) => {
        const sessions = new PromisedSessions();
        const { browser, user, visitor } = await startWith(sessions);
        await visitor();
        sessions.rejects = method;
        const startedAt = performance.now();
        expect(failureOf(await browser.signIn("/login", { user }))).toBe("503 store_failed");
        expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
        sessions.rejects = undefined;
        expect(await signedInAs(browser)).toBeUndefined();
      },
    );

    async function startWith(sessions: PromisedSessions) {
      const simulator = await startSimulator();
      const app = await startApp(createApp, simulator, {
        sessionMiddleware: sessions.middleware,
        routes: (to) => to.get("/session", (req, res) => void res.json(req.sessionID)),
      });
      const browser = app.browser();
      /**
       * Starts a session.
       *
       * @returns its id
       */
      const visitor = async () => (await browser.get("/session")).json<string>();
      return { simulator, browser, user: simulator.addUser(), visitor };
    }
  });
});

/** Session middleware that stores sessions when they are saved, and only then. */
class PromisedSessions {
  readonly store = new MemoryStore();
  /** The ids of saved sessions. */
  readonly saved: string[] = [];
  rejects: "save" | "regenerate" | undefined;

  readonly middleware: RequestHandler = (req, res, next) => {
    const open = (id: string, data: object) => {
      const settle = async (method: "save" | "regenerate", act: () => void) => {
        await later();
        if (this.rejects === method) throw new Error("Not connected.");
        act();
      };
      const methods = {
        id,
        save: () =>
          settle("save", () => {
            this.store.set(id, session as unknown as SessionData);
            this.saved.push(id);
          }),
        regenerate: () =>
          settle("regenerate", () => {
            this.store.destroy(id);
            open(newId(), {});
          }),
      };
      const cookie = { originalMaxAge: null, path: "/" };
      const session: object = Object.create(methods, Object.getOwnPropertyDescriptors({ ...data, cookie }));
      Object.assign(req, { session, sessionID: id, sessionStore: this.store });
      res.setHeader("Set-Cookie", `sid=${id}; Path=/; HttpOnly`);
    };
    const id = /(?:^|; )sid=([\w-]+)/.exec(req.headers.cookie ?? "")?.[1] ?? newId();
    this.store.get(id, (error, data) => {
      if (error) return next(error);
      open(id, data ?? {});
      next();
    });
  };
}

function newId(): string {
  return randomBytes(24).toString("base64url");
}

/** Waits for a later turn of the event loop. */
function later(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
