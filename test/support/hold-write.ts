import type { Store } from "express-session";
import { createGate } from "./gate.js";
import type { KeyPattern } from "./memory-store.js";

/** Holds the next write to a key of this form. `begun` resolves when it has started. */
export function holdWrite(
  store: Store,
  pattern: KeyPattern,
): { readonly begun: Promise<void>; release(): void } {
  const entrance = createGate();
  const exit = createGate();
  const set = store.set.bind(store);
  store.set = (key, session, callback) => {
    if (!pattern.test(key)) return set(key, session, callback);
    store.set = set;
    entrance.open();
    void exit.opened.then(() => set(key, session, callback));
  };
  return { begun: entrance.opened, release: exit.open };
}
