import { MemoryStore, type SessionData } from "express-session";

export type StoreAction = "get" | "set" | "destroy";

interface Rule {
  readonly action: StoreAction;
  readonly pattern: KeyPattern;
  readonly error: Error;
}

/** A session store that other processes might share, judging by its name. */
export class SharedStore extends MemoryStore {}

/** A watched session store. */
export interface ObservedStore<Store extends MemoryStore = MemoryStore> {
  readonly store: Store;
  /** Every use, oldest first, such as `get discord-...`. */
  readonly uses: string[];
  /** The stored values, by key. */
  content(): Promise<Record<string, SessionData & { grant?: string }>>;
  /** Makes such uses fail from now on, without effect. */
  fail(action: StoreAction, pattern?: KeyPattern, error?: Error): void;
  recover(): void;
  /** Holds the next such use until the returned function is called. `begun` resolves when it is held. */
  hold(action: StoreAction, pattern?: KeyPattern): { readonly begun: Promise<void>; release(): void };
}

/** What keys have in common. */
export interface KeyPattern {
  test(key: string): boolean;
}

/** The format of every key that the library writes. */
export const OUR_KEY = /^discord-[\w-]{24}$/;

/** Keys under which a text as long as a sealed token was written. */
const tokenKeys = new Set<string>();

/** Keys of records that hold tokens. Known from the first write on, for stores that {@link observe} watches. */
export const RECORD: KeyPattern = { test: (key) => tokenKeys.has(key) };

/** Keys of leases and of markers for ended grants. */
export const NOTE: KeyPattern = { test: (key) => OUR_KEY.test(key) && !tokenKeys.has(key) };

/** The key of a session. */
export const SESSION: KeyPattern = /^(?!discord-)/;

/** Recognises records of tokens by what is written. */
export function learnKey(key: string, session: object): void {
  const { grant } = session as { grant?: unknown };
  if (OUR_KEY.test(key) && typeof grant === "string" && grant.length > 150) tokenKeys.add(key);
}

/** Watches a session store. */
export function observe<Store extends MemoryStore>(store: Store): ObservedStore<Store> {
  const uses: string[] = [];
  let rules: Rule[] = [];
  const held: { action: StoreAction; pattern: KeyPattern; wait: () => Promise<void> }[] = [];

  function use(action: StoreAction, key: string, fail: (error: Error) => void, run: () => void): void {
    uses.push(`${action} ${key}`);
    const rule = rules.find((one) => one.action === action && one.pattern.test(key));
    const index = held.findIndex((one) => one.action === action && one.pattern.test(key));
    const wait = index < 0 ? Promise.resolve() : held.splice(index, 1)[0]?.wait();
    void wait?.then(() => (rule ? fail(rule.error) : run()));
  }

  const { get, set, destroy } = store;
  store.get = (key, callback) => use("get", key, callback, () => get.call(store, key, callback));
  store.set = (key, session, callback) => {
    learnKey(key, session);
    use(
      "set",
      key,
      (error) => callback?.(error),
      () => set.call(store, key, session, callback),
    );
  };
  store.destroy = (key, callback) =>
    use(
      "destroy",
      key,
      (error) => callback?.(error),
      () => destroy.call(store, key, callback),
    );

  return {
    store,
    uses,
    content: () =>
      new Promise((resolve, reject) =>
        store.all((error, sessions) => (error ? reject(error) : resolve({ ...sessions }))),
      ),
    fail(action, pattern = RECORD, error = new Error("The store is out of order.")) {
      rules.push({ action, pattern, error });
    },
    recover() {
      rules = [];
    },
    hold(action, pattern = RECORD) {
      let release = () => {};
      const gate = new Promise<void>((resolve) => {
        release = resolve;
      });
      let begin = () => {};
      const begun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      held.push({
        action,
        pattern,
        wait: () => {
          begin();
          return gate;
        },
      });
      return { begun, release: () => release() };
    },
  };
}
