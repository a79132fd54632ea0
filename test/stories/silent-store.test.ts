import cookieSession from "cookie-session";
import type { Request, RequestHandler } from "express";
import { MemoryStore } from "express-session";
import Keyv from "keyv";
import { describe, expect, it } from "vitest";
import { DiscordOAuth2Session, type Token } from "../../src/index.js";
import { LATEST_EXPRESS, startApp } from "../support/app.js";
import { createGate } from "../support/gate.js";
import { openLogin, signedInAs } from "../support/login.js";
import { NOTE, observe, RECORD, SESSION, SharedStore } from "../support/memory-store.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";

const IMPATIENT = { timeoutMs: 500 };

/** The storage behind a Keyv, which can be made to fail. */
class Backend {
  readonly #entries = new Map<string, string>();
  isDown = false;

  get(key: string): string | undefined {
    this.#requireUp();
    return this.#entries.get(key);
  }

  set(key: string, value: string): void {
    this.#requireUp();
    this.#entries.set(key, value);
  }

  delete(key: string): boolean {
    this.#requireUp();
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  #requireUp(): void {
    if (this.isDown) throw new Error("The backend is out of order.");
  }
}

describe.each(LATEST_EXPRESS)("silent stores on %s", (_name, createApp) => {
  it("a refresh fails if the store never answers one read, and nothing later hangs", async () => {
    const observed = observe(new SharedStore());
    const { app, user, browser, advance } = await startSignedIn(createApp, {
      session: { store: observed.store },
      discord: IMPATIENT,
    });
    advance(WEEK_MS);
    observed.hold("get");
    expect(failureOf(await browser.get("/guarded"))).toBe("503 store_failed");
    observed.hold("get", NOTE);
    expect(failureOf(await browser.get("/guarded"))).toBe("503 store_failed");
    expect(await signedInAs(browser)).toBe(user.id);
    expect((await browser.post("/logout")).status).toBe(200);
    await app.discord.close();
  });

  it("the pair and the logout survive a store that never answers one write of a refresh", async () => {
    const observed = observe(new SharedStore());
    const { simulator, user, browser, advance } = await startSignedIn(createApp, {
      session: { store: observed.store },
      discord: IMPATIENT,
    });
    advance(WEEK_MS);
    const record = async () =>
      Object.entries(await observed.content()).find(([key]) => RECORD.test(key))?.[1].grant;
    const former = await record();
    observed.hold("set");
    expect(failureOf(await browser.get("/guarded"))).toBe("504 discord_timeout");
    await expect.poll(record, { timeout: 5000 }).not.toBe(former);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
    advance(WEEK_MS);
    expect(await signedInAs(browser)).toBe(user.id);
    expect((await browser.post("/logout")).status).toBe(200);
  });

  it("a callback fails if the store never answers while the session is saved", async () => {
    const observed = observe(new MemoryStore());
    const { simulator, app, user } = await startSignedIn(createApp, {
      session: { store: observed.store },
      discord: IMPATIENT,
    });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    observed.hold("set", SESSION);
    expect(failureOf(await browser.get(callbackUrl))).toBe("503 store_failed");
  });

  it("a late write of the store does not undo a logout", async () => {
    const entries = new Map<string, string>();
    const gate = createGate();
    let isHeld = false;
    const tokenStore = {
      get: (key: string) => entries.get(key),
      set: async (key: string, value: string) => {
        if (isHeld && value.length > 150) {
          isHeld = false;
          await gate.opened;
        }
        entries.set(key, value);
      },
      delete: (key: string) => entries.delete(key),
    };
    const { browser, advance } = await startSignedIn(createApp, {
      sessionMiddleware: cookieSession({
        name: "visit",
        keys: ["a key that signs the session"],
      }) as RequestHandler,
      discord: { ...IMPATIENT, tokenStore },
    });
    const stolen = browser.clone();
    advance(WEEK_MS);
    isHeld = true;
    await browser.get("/guarded");
    await expect.poll(async () => (await browser.get("/guarded")).status, { timeout: 5000 }).toBe(200);
    expect((await browser.post("/logout")).status).toBe(200);
    const isToken = (value: string) => value.length > 150;
    expect([...entries.values()].filter(isToken)).toEqual([]);

    gate.open();
    await new Promise(setImmediate);
    await expect.poll(() => [...entries.values()].filter(isToken)).toEqual([]);
    advance(31_000);
    expect(failureOf(await stolen.get("/guarded"))).toBe("401 not_signed_in");
  });

  it("a late write of the app's own token methods does not undo a logout", async () => {
    const table = new Map<string, Token>();
    const gate = createGate();
    let isHeld = false;
    class Own extends DiscordOAuth2Session {
      override async getAuthorizationToken(req: Request): Promise<Token | undefined> {
        return table.get(req.sessionID);
      }

      override async saveAuthorizationToken(req: Request, token: Token | undefined): Promise<void> {
        if (isHeld && token) {
          isHeld = false;
          await gate.opened;
        }
        if (token) table.set(req.sessionID, token);
        else table.delete(req.sessionID);
      }
    }
    const { browser, advance } = await startSignedIn(createApp, {
      create: (app, options) => new Own(app, options),
      discord: IMPATIENT,
    });
    advance(WEEK_MS);
    isHeld = true;
    await browser.get("/guarded");
    await expect.poll(async () => (await browser.get("/guarded")).status, { timeout: 5000 }).toBe(200);
    expect((await browser.post("/logout")).status).toBe(200);

    gate.open();
    await new Promise(setImmediate);
    await expect.poll(() => table.size).toBe(0);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
  });

  it("a Keyv store that is down for a while signs nobody out", async () => {
    const backend = new Backend();
    const tokenStore = new Keyv<string>({ store: backend as never, throwOnErrors: true });
    tokenStore.on("error", () => undefined);
    const { user, browser, advance } = await startSignedIn(createApp, { discord: { tokenStore } });
    advance(31_000);
    backend.isDown = true;
    expect(failureOf(await browser.get("/guarded"))).toBe("503 store_failed");
    expect(failureOf(await browser.post("/logout"))).toBe("503 store_failed");
    backend.isDown = false;
    await browser.signIn("/login", { user });
    advance(WEEK_MS);
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("a pair that the store says it has not kept is written again", async () => {
    const entries = new Map<string, unknown>();
    let refuses = false;
    const tokenStore = {
      get: (key: string) => entries.get(key),
      set: (key: string, value: string) => !refuses && Boolean(entries.set(key, value)),
      delete: (key: string) => entries.delete(key),
    };
    const store = new MemoryStore();
    const { simulator, app, user, browser, advance } = await startSignedIn(createApp, {
      session: { store },
      discord: { tokenStore },
    });
    advance(WEEK_MS);
    refuses = true;
    const [key = ""] = [...entries].find(([, value]) => String(value).length > 150) ?? [];
    const former = entries.get(key);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(entries.get(key)).toBe(former);
    refuses = false;
    await expect.poll(() => entries.get(key), { timeout: 5000 }).not.toBe(former);

    const other = await startApp(createApp, simulator, {
      session: { store },
      discord: { tokenStore, redirectUri: `${app.url}/callback` },
    });
    expect((await browser.get(`${other.url}/me`)).json()).toEqual({ id: user.id });
    expect(refreshesAt(simulator)).toBe(1);
  });
});
