import type { Application } from "express";
import { MemoryStore } from "express-session";
import Keyv from "keyv";
import { describe, expect, it } from "vitest";
import { now } from "../../src/clock.js";
import type { TokenStore } from "../../src/index.js";
import { LATEST_EXPRESS, startApp, type TestAppOptions } from "../support/app.js";
import { doubleClick, exchangesAt } from "../support/login.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";
import { slowRoute } from "../support/slow-route.js";

/** The smallest possible store, which answers at once. */
class MapStore implements TokenStore {
  readonly entries = new Map<string, string>();
  readonly lifetimesMs = new Map<string, number>();

  get(key: string): string | undefined {
    return this.entries.get(key);
  }

  set(key: string, value: string, ttlMs: number): void {
    this.entries.set(key, value);
    this.lifetimesMs.set(key, ttlMs);
  }

  delete(key: string): void {
    this.entries.delete(key);
  }
}

/** Forgets each entry when it expires. */
class ForgetfulStore extends MapStore {
  override get(key: string): string | undefined {
    return now() < (this.lifetimesMs.get(key) ?? 0) ? super.get(key) : undefined;
  }

  override set(key: string, value: string, ttlMs: number): void {
    super.set(key, value, now() + ttlMs);
  }
}

const DAY_MS = 86_400_000;

/** A page that extends its visitor's session. */
function rememberMe(app: Application): void {
  app.get("/remember-me", (req, res) => {
    req.session.cookie.maxAge = 90 * DAY_MS;
    res.json({});
  });
}

const KINDS: readonly (readonly [name: string, create: () => TokenStore])[] = [
  ["a Map", () => new MapStore()],
  ["Keyv", () => new Keyv<string>({ throwOnErrors: true })],
];

describe.each(LATEST_EXPRESS)("token stores on %s", (_express, createApp) => {
  describe.each(KINDS)("tokens in %s", (_kind, create) => {
    it("tokens in a token store carry a sign-in through guarded page, refresh and logout", async () => {
      const { simulator, user, browser, advance } = await startWith(create());
      expect((await browser.get("/guarded")).status).toBe(200);
      advance(WEEK_MS);
      const answers = await Promise.all([1, 2, 3, 4].map(() => browser.get("/user?fresh=true")));
      expect(answers.map((answer) => answer.json<{ id: string }>().id)).toEqual(Array(4).fill(user.id));
      expect(refreshesAt(simulator)).toBe(1);

      await browser.post("/logout");
      expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    });

    it("another process sees every change in the token store", async () => {
      const tokenStore = create();
      const store = new MemoryStore();
      const { simulator, user, browser, advance } = await startWith(tokenStore, { store });
      const other = await startApp(createApp, simulator, { session: { store }, discord: { tokenStore } });
      expect((await browser.get(`${other.url}/me`)).json()).toEqual({ id: user.id });

      advance(WEEK_MS);
      for (const url of [`${other.url}/me`, "/user?fresh=true"]) {
        expect((await browser.get(url)).status).toBe(200);
      }
      expect(refreshesAt(simulator)).toBe(1);
    });

    it("tokens in a token store stay gone if a slow request restores the session after a logout", async () => {
      const slow = slowRoute();
      const { browser } = await startWith(create(), { routes: slow.mount });
      const writing = browser.get(slow.path);
      await slow.entered;
      await browser.post("/logout");
      slow.letGo();
      await writing;
      expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    });

    it("after an account switch, the token store holds the tokens of the next user", async () => {
      const { simulator, browser } = await startWith(create());
      const former = browser.clone();
      const second = simulator.addUser();
      await browser.signIn("/login", { user: second });
      expect((await browser.get("/me")).json()).toEqual({ id: second.id });
      expect((await former.get("/guarded")).status).toBe(401);
    });

    it("a double click puts the tokens of one login into the token store", async () => {
      const { simulator, app, user } = await startWith(create());
      const { browsers, statuses } = await doubleClick(app.browser(), simulator, user);
      expect(statuses).toEqual([200, 200]);
      expect(exchangesAt(simulator)).toBe(1);
      for (const one of browsers) expect((await one.get("/me")).json()).toEqual({ id: user.id });
    });

    it("tokens in a token store are not in the session", async () => {
      const store = new MemoryStore();
      await startWith(create(), { store });
      const length = await new Promise((resolve) => store.length((_error, count) => resolve(count)));
      expect(length).toBe(1);
    });
  });

  it("the token store gets sealed text and the time it may be needed", async () => {
    const tokenStore = new MapStore();
    await startWith(tokenStore);
    const [[key, sealed] = []] = [...tokenStore.entries].filter(([, value]) => String(value).length > 150);
    expect(key).toMatch(/^discord-[\w-]{24}$/);
    expect(sealed).toMatch(/^[\w-]+$/);
    expect(tokenStore.lifetimesMs.get(key ?? "")).toBe(14 * 86_400_000);
  });

  it("tokens last as long as a session that each visit extends", async () => {
    const { simulator, user, browser, advance } = await startSignedIn(createApp, {
      discord: { tokenStore: new ForgetfulStore() },
      session: { rolling: true, cookie: { maxAge: 60 * DAY_MS } },
    });
    advance(6 * DAY_MS);
    expect((await browser.get("/guarded")).status).toBe(200);
    advance(59 * DAY_MS);
    expect((await browser.get("/me")).json()).toEqual({ id: user.id });
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("tokens last as long as a session that is given a longer life after the login", async () => {
    const { simulator, user, browser, advance } = await startSignedIn(createApp, {
      discord: { tokenStore: new ForgetfulStore() },
      routes: rememberMe,
    });
    await browser.get("/remember-me");
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(0);
    advance(89 * DAY_MS);
    expect((await browser.get("/me")).json()).toEqual({ id: user.id });
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("a longer life of the session reaches the token store once, and again if that fails", async () => {
    const tokenStore = new MapStore();
    const { browser, advance } = await startSignedIn(createApp, {
      discord: { tokenStore },
      routes: rememberMe,
    });
    const [key = ""] = [...tokenStore.entries].find(([, value]) => String(value).length > 150) ?? [];
    const written: string[] = [];
    const { set } = tokenStore;
    tokenStore.set = (name, value, ttlMs) => {
      if (name === key) written.push(value);
      if (written.length === 1) throw new Error("It is out of order.");
      set.call(tokenStore, name, value, ttlMs);
    };
    await browser.get("/remember-me");
    const guarded = () => browser.get("/guarded");
    expect((await Promise.all([guarded(), guarded(), guarded()])).map(({ status }) => status)).toEqual([
      200, 200, 200,
    ]);
    for (let visit = 0; visit < 3; visit++) {
      advance(6000);
      expect((await guarded()).status).toBe(200);
    }
    expect(written).toHaveLength(2);
    expect(tokenStore.lifetimesMs.get(key)).toBe(90 * DAY_MS);
  });

  it("a token store that fails signs nobody out", async () => {
    const tokenStore = new MapStore();
    const { simulator, browser, advance } = await startWith(tokenStore);
    const { get } = tokenStore;
    advance(WEEK_MS);
    tokenStore.get = () => {
      throw new Error("It is away.");
    };
    expect(failureOf(await browser.get("/guarded"))).toBe("503 store_failed");
    tokenStore.get = get;
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
  });

  /** Starts an app with a signed-in visitor, whose tokens are in this store. */
  function startWith(
    tokenStore: TokenStore,
    { store = new MemoryStore(), ...options }: Pick<TestAppOptions, "routes"> & { store?: MemoryStore } = {},
  ) {
    return startSignedIn(createApp, { ...options, discord: { tokenStore }, session: { store } });
  }
});
