import type { Lease } from "./lease.js";
import type { Token } from "./token.js";

/** A token as it was stored. */
export interface Stored {
  readonly token: Token;
  /** Epoch milliseconds. */
  readonly writtenAt?: number | undefined;
  /** What its record was written for, in milliseconds. */
  readonly lifetimeMs?: number | undefined;
}

/**
 * Where the token of one sign-in is kept, as one request sees it. It reads and writes; which pair is newest, what has
 * ended and what is cached is decided above it.
 */
export interface TokenStorage {
  /** The grant's id, where it is known without reading. */
  readonly id?: string | undefined;
  read(): Promise<Stored | undefined>;
  write(token: Token): Promise<void>;
  delete(): Promise<void>;
  /** Whether other processes may change the token unseen. */
  readonly isShared: boolean;
  /** Whether the token goes out with the response, so that later writes are lost. */
  readonly isInResponse?: boolean;
  /** Whether the caller holds the token, and must be told of every failure to store it, and of its end. */
  readonly isHeldByCaller?: boolean;
  /** Where tokens are records in a store. */
  readonly record?: StoredRecord | undefined;
}

/** What a record in a store can do beyond holding a token. */
export interface StoredRecord {
  /** What the session has now; a record must live as long. */
  readonly lifetimeMs: number | undefined;
  /** Extends the record as it was last read. */
  touch(): Promise<void>;
  /** Whether the grant was signed out, here or `everywhere`. */
  readEndedMarker(): Promise<Ended | undefined>;
  /** `everywhere` replaces a marker; `here` keeps the one there is. */
  writeEndedMarker(ended: Ended): Promise<void>;
  /** Looks whether the store has kept its first record, and warns if not. */
  warnUnlessKept(): Promise<void>;
  /** `undefined` where no other process can see the store. */
  readonly lease: Lease | undefined;
}

/** How a sign-in ended: in this app, or with every token that Discord has issued for it. */
export type Ended = "here" | "everywhere";

/** Where nobody is signed in. */
export const NOBODY: TokenStorage = {
  isShared: false,
  read: async () => undefined,
  write: async () => undefined,
  delete: async () => undefined,
};
