import session, { MemoryStore } from "express-session";
import createMemoryStore from "memorystore";
import type { StoreKind } from "./store-kind.js";

const DAY_MS = 86_400_000;

/** express-session's own store. */
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
        const session = (await contentOf(store))[key];
        if (!session) return 0;
        const { expires } = session.cookie;
        return expires ? new Date(expires).getTime() - Date.now() : Number.POSITIVE_INFINITY;
      },
    };
  },
};

/** An entry as lru-cache lists it, with the time at which it ends. */
interface Entry {
  readonly k: string;
  readonly e: number;
}

/** Gives every entry a day, whatever its cookie says. */
export const MEMORYSTORE: StoreKind = {
  name: "memorystore with a ttl",
  isServed: true,
  canGoAway: false,
  ownTtlMs: DAY_MS,
  async open() {
    const LruStore = createMemoryStore(session);
    const store = new LruStore({ ttl: DAY_MS });
    const entries = () => (store as unknown as { store: { dump(): readonly Entry[] } }).store.dump();
    return {
      store,
      keys: async () => Object.keys(await contentOf(store)),
      lifetimeMs: async (key) => (entries().find(({ k }) => k === key)?.e ?? 0) - Date.now(),
    };
  },
};

function contentOf(store: MemoryStore): Promise<Record<string, session.SessionData>> {
  return new Promise((resolve, reject) =>
    store.all((error, found) => (error ? reject(error) : resolve({ ...found }))),
  );
}
