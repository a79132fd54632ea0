import type { GrantRecord, Stored } from "./grant-record.js";
import type { KnownUser, Token } from "./token.js";

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
  readonly isShared?: boolean;
  /** Whether the token is sent with the response (in a cookie). Later writes are lost. */
  readonly isInResponse?: boolean;
  /** Whether the caller holds the token. Its errors are passed on, and it is told when the sign-in ends. */
  readonly isHeldByCaller?: boolean;
  /** Present if the token is a record in a store. */
  readonly record?: GrantRecord | undefined;
  /** The record of the login, if the app's own methods store the token. It has the marker of a sign-out. */
  readonly login?: GrantRecord | undefined;
}

/** The token storage of a session without a sign-in. */
export const NOBODY: TokenStorage = {
  read: async () => undefined,
  write: async () => undefined,
  delete: async () => undefined,
};
