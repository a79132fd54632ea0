import type { Store } from "express-session";

/** A session store for one test, with nobody else's sessions in it. */
export interface StoreForTest {
  readonly store: Store;
  /** The keys of all sessions and records. */
  keys(): Promise<string[]>;
  /** In how many milliseconds the store itself forgets a session or record. */
  lifetimeMs(key: string): Promise<number>;
  /**
   * Called after `Date` has been moved by `ms`: a server with a clock of its own takes that much off every lifetime, and a
   * store that forgets at intervals does so now. Stores that compare with `Date` need nothing.
   */
  readonly catchUp?: (ms: number) => Promise<unknown>;
  /** Lets the server go away and come back; there are stores without one. */
  readonly outage?: { begin(): Promise<void>; end(): Promise<void> };
}

/** A kind of store that stories run on. */
export interface StoreKind {
  readonly name: string;
  /** Whether its server is there. */
  readonly isServed: boolean;
  readonly canGoAway: boolean;
  /** The lifetime that the store's own option gives each entry, whatever the session's cookie says. */
  readonly ownTtlMs?: number;
  /** The longest lifetime that it accepts; entries that are given a longer one are lost at once. */
  readonly longestMs?: number;
  open(): Promise<StoreForTest>;
}
