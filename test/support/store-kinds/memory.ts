import session, { MemoryStore } from "express-session";
import createMemoryStore from "memorystore";
import type { StoreKind } from "./store-kind.js";

const DAY_MS = 86_400_000;

/** express-session's own. */
export const MEMORY: StoreKind = {
  name: "MemoryStore",
  isServed: true,
  canGoAway: false,
  async open() {
    const store = new MemoryStore();
    return {
      store,
      keys: async () => Object.keys(await contentOf(store)),
      async lifetimeMs(key) {
        const expires = (await contentOf(store))[key]?.cookie.expires;
        return new Date(expires ?? 0).getTime() - Date.now();
      },
    };
  },
};

/** Gives every entry a day, whatever its cookie says. */
export const MEMORYSTORE: StoreKind = {
  name: "memorystore with a ttl",
  isServed: true,
  canGoAway: false,
  ownTtlMs: DAY_MS,
  async open() {
    const LruStore = createMemoryStore(session);
    // lru-cache keeps the time of the last write itself; the double notes the lifetime that it was given.
    const until = new Map<string, number>();
    class NotedStore extends LruStore {
      override set(...[id, data, callback]: Parameters<InstanceType<typeof LruStore>["set"]>): void {
        until.set(id, Date.now() + DAY_MS);
        super.set(id, data, callback);
      }
    }
    const store = new NotedStore({ ttl: DAY_MS });
    return {
      store,
      keys: async () => Object.keys(await contentOf(store)),
      lifetimeMs: async (key) => (until.get(key) ?? 0) - Date.now(),
    };
  },
};

function contentOf(store: MemoryStore): Promise<Record<string, session.SessionData>> {
  return new Promise((resolve, reject) =>
    store.all((error, found) => (error ? reject(error) : resolve({ ...found }))),
  );
}
