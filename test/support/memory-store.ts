import { MemoryStore, type SessionData } from "express-session";

export type StoreAction = "get" | "set" | "destroy";

interface Rule {
  readonly action: StoreAction;
  readonly pattern: RegExp;
  readonly error: Error;
}

/** A session store that other processes might see as well, by its name. */
export class SharedStore extends MemoryStore {}

/** A session store under watch. */
export interface ObservedStore<Store extends MemoryStore = MemoryStore> {
  readonly store: Store;
  /** Every use, oldest first, as `get discord-...`. */
  readonly uses: string[];
  /** What lies there, by key. */
  content(): Promise<Record<string, SessionData & { grant?: string }>>;
  /** From now on such a use fails, without effect. */
  fail(action: StoreAction, pattern?: RegExp, error?: Error): void;
  recover(): void;
  /** The next such use waits until the returned function is called; `begun` resolves when it waits. */
  hold(action: StoreAction, pattern?: RegExp): { readonly begun: Promise<void>; release(): void };
}

/** The key of a grant's record, and not of the note that it is being refreshed. */
export const RECORD = /^discord-[\w-]{24}$/;

/** The key of a session. */
export const SESSION = /^(?!discord-)/;

/** Puts a session store under watch. */
export function observe<Store extends MemoryStore>(store: Store): ObservedStore<Store> {
  const uses: string[] = [];
  let rules: Rule[] = [];
  const held: { action: StoreAction; pattern: RegExp; wait: () => Promise<void> }[] = [];

  function use(action: StoreAction, key: string, fail: (error: Error) => void, run: () => void): void {
    uses.push(`${action} ${key}`);
    const rule = rules.find((one) => one.action === action && one.pattern.test(key));
    const index = held.findIndex((one) => one.action === action && one.pattern.test(key));
    const wait = index < 0 ? Promise.resolve() : held.splice(index, 1)[0]?.wait();
    void wait?.then(() => (rule ? fail(rule.error) : run()));
  }

  const { get, set, destroy } = store;
  store.get = (key, callback) => use("get", key, callback, () => get.call(store, key, callback));
  store.set = (key, session, callback) =>
    use(
      "set",
      key,
      (error) => callback?.(error),
      () => set.call(store, key, session, callback),
    );
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
