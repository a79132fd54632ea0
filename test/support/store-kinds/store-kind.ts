import type { Store } from "express-session";

/** A session store for one test, without other tests' sessions. */
export interface StoreForTest {
  readonly store: Store;
  /** Returns the keys of all sessions and records. */
  keys(): Promise<string[]>;
  /** Returns after how many milliseconds the store itself forgets a session or record. */
  lifetimeMs(key: string): Promise<number>;
  /**
   * Called after `Date` has been moved by `ms`. A server with its own clock shortens every lifetime, and a store that
   * forgets at intervals does so now. Stores that compare with `Date` do nothing.
   */
  readonly catchUp?: (ms: number) => Promise<unknown>;
  /** Makes the server go away and come back, for stores that have one. */
  readonly outage?: { begin(): Promise<void>; end(): Promise<void> };
}

/** A kind of store that stories run on. */
export interface StoreKind {
  readonly name: string;
  /** Whether its server is running. */
  readonly isServed: boolean;
  readonly canGoAway: boolean;
  /** The lifetime that the store's own option gives each entry, whatever the session's cookie says. */
  readonly ownTtlMs?: number;
  /** The longest lifetime that it accepts. Entries with a longer one are lost at once. */
  readonly longestMs?: number;
  open(): Promise<StoreForTest>;
}
