import { MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import { besideSessions, inTokenStore, type SessionStore } from "../src/grants/token-store.js";
import { movableClock } from "./support/clock.js";
import { observe, SharedStore } from "./support/memory-store.js";

const KEY = "discord-AAAAAAAAAAAAAAAAAAAAAAAA";

/** A session store whose every use answers so. */
function answering(error: unknown, value?: unknown): SessionStore {
  const answer = (callback: (error?: unknown, value?: never) => void) => callback(error, value as never);
  return {
    get: (_key, callback) => answer(callback),
    set: (_key, _session, callback) => answer(callback),
    destroy: (_key, callback) => answer(callback),
  };
}

describe("records beside the sessions", () => {
  it("are written, read and deleted under their key", async () => {
    const { store, content } = observe(new MemoryStore());
    const records = besideSessions(store, 1000);
    expect(await records.read(KEY)).toBeUndefined();
    await records.write(KEY, "sealed", 5000);
    expect(await records.read(KEY)).toBe("sealed");
    expect(Object.keys(await content())).toEqual([KEY]);
    await records.delete(KEY);
    expect(await records.read(KEY)).toBeUndefined();
  });

  it("carry their lifetime in every place where a store may look for it", async () => {
    const { store, content } = observe(new MemoryStore());
    const clock = movableClock();
    const before = clock.now();
    await besideSessions(store, 1000).write(KEY, "sealed", 5000);
    const cookie = (await content())[KEY]?.cookie;
    expect(cookie).toMatchObject({ maxAge: 5000, originalMaxAge: 5000, path: "/", httpOnly: true });
    expect(Date.parse(String(cookie?.expires))).toBeGreaterThanOrEqual(before + 5000);
  });

  it("are shared with other processes unless they lie in a MemoryStore", () => {
    expect(besideSessions(new MemoryStore(), 1000).shared).toBe(false);
    expect(besideSessions(new SharedStore(), 1000).shared).toBe(true);
  });

  it.each([null, undefined, {}, { grant: 1 }, { cookie: {} }, "text", 7])(
    "are missing where %j lies",
    async (value) => {
      expect(await besideSessions(answering(null, value), 1000).read(KEY)).toBeUndefined();
    },
  );

  it("are missing where the store misses a file", async () => {
    const error = Object.assign(new Error("No such file."), { code: "ENOENT" });
    expect(await besideSessions(answering(error), 1000).read(KEY)).toBeUndefined();
  });

  it("fail with the store, whatever it throws or rejects with", async () => {
    const thrown = (): never => {
      throw new Error("Not connected.");
    };
    for (const store of [
      answering(new Error("Out of order.")),
      answering(Object.assign(new Error("Denied."), { code: "EACCES" })),
      answering("a text"),
      { get: thrown, set: thrown, destroy: thrown },
    ]) {
      const records = besideSessions(store, 1000);
      for (const use of [records.read(KEY), records.write(KEY, "sealed", 1), records.delete(KEY)]) {
        const error = await use.catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code: "store_failed", status: 503 });
        expect(error).toHaveProperty("cause");
      }
    }
  });
});

describe("records in a token store", () => {
  it("are written, read and deleted, whether it answers at once or later", async () => {
    const map = new Map<string, string>();
    const later = {
      get: async (key: string) => map.get(key),
      set: async (key: string, value: string) => map.set(key, value),
      delete: async (key: string) => map.delete(key),
    };
    for (const store of [map, later]) {
      const records = inTokenStore(store, 1000);
      await records.write(KEY, "sealed", 5000);
      expect(await records.read(KEY)).toBe("sealed");
      await records.delete(KEY);
      expect(await records.read(KEY)).toBeUndefined();
      expect(records.shared).toBe(true);
    }
  });

  it.each([null, undefined, 1, {}])("are missing where %j lies", async (value) => {
    const records = inTokenStore({ get: () => value, set: () => undefined, delete: () => undefined }, 1000);
    expect(await records.read(KEY)).toBeUndefined();
  });

  it("fail with the store, whether it throws or rejects", async () => {
    const thrown = (): never => {
      throw new Error("Not connected.");
    };
    const rejected = () => Promise.reject(new Error("Out of order."));
    for (const use of [thrown, rejected]) {
      const records = inTokenStore({ get: use, set: use, delete: use }, 1000);
      for (const failing of [records.read(KEY), records.write(KEY, "sealed", 1), records.delete(KEY)])
        await expect(failing).rejects.toMatchObject({ code: "store_failed", status: 503 });
    }
  });
});
