import type { Lease } from "./lease.js";
import type { KnownUser, Token } from "./token.js";

/** A stored token, with when and for how long it was stored. */
export interface Stored {
  readonly token: Token;
  /** Epoch milliseconds. */
  readonly writtenAt?: number | undefined;
  /** The lifetime its record was written with, in milliseconds. */
  readonly lifetimeMs?: number | undefined;
  /** Whether reading failed and this pair is from memory. */
  readonly isUnsaved?: boolean;
}

/**
 * The token storage of one sign-in, for one request. It only reads and writes. Its callers decide which pair is newest,
 * which grants have ended and what is cached.
 */
export interface TokenStorage {
  /** The grant's id, if it is known without reading. */
  readonly id?: string | undefined;
  /** The sign-in of the session. It may be that of another grant if the app's own methods store the tokens. */
  readonly signIn?: KnownUser | undefined;
  read(): Promise<Stored | undefined>;
  write(token: Token): Promise<void>;
  delete(): Promise<void>;
  /** Whether other processes may change the token. */
  readonly isShared: boolean;
  /** Whether the token is sent with the response (in a cookie). Later writes are lost. */
  readonly isInResponse?: boolean;
  /** Whether the caller holds the token. Its errors are passed on, and it is told when the sign-in ends. */
  readonly isHeldByCaller?: boolean;
  /** Present if the token is a record in a store. */
  readonly record?: StoredRecord | undefined;
  /** The record of the login, if the app's own methods store the token. Repeated callbacks look there for the marker. */
  readonly login?: Pick<StoredRecord, "writeEndedMarker"> | undefined;
}

/** Operations on a record in a store, beyond reading and writing its token. */
export interface StoredRecord {
  /** The current lifetime of the session. A record must live as long. */
  readonly lifetimeMs: number | undefined;
  /** Restarts the lifetime of the record, with the content last read. */
  touch(): Promise<void>;
  /** @returns how the grant ended; `undefined` if it has not */
  readEndedMarker(): Promise<Ended | undefined>;
  /** `everywhere` replaces an existing marker; `here` does not. */
  writeEndedMarker(ended: Ended): Promise<void>;
  /** Warns if the store has not kept its first record. */
  warnUnlessKept(): Promise<void>;
  /** `undefined` if no other process can read the store. */
  readonly lease: Lease | undefined;
}

/** How a sign-in ended: in this app only, or with its tokens revoked at Discord too. */
export type Ended = "here" | "everywhere";

/** The token storage of a session without a sign-in. */
export const NOBODY: TokenStorage = {
  isShared: false,
  read: async () => undefined,
  write: async () => undefined,
  delete: async () => undefined,
};
