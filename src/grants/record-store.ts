import { now, sleep } from "../clock.js";
import { DeadlinePassed, withDeadline } from "../deadline.js";
import { HttpException } from "../errors.js";
import type { TokenStore } from "../options.js";
import { KEPT_CHECKS_MS } from "./time-limits.js";

/** A store of encrypted records. Every asynchronous method throws HttpException `store_failed` when the store fails. */
export interface RecordStore {
  /** Whether other processes or instances may read and write the same records. */
  readonly isShared: boolean;
  /** @returns the sealed text; `undefined` if there is no record, `""` if the value is not one of ours */
  read(key: string): Promise<string | undefined>;
  /** @param lifetimeMs the lifetime of the session; `undefined` leaves it to the store */
  write(key: string, sealed: string, lifetimeMs: number | undefined): Promise<void>;
  /** Restarts the lifetime of a record, if the store can do that without writing it. */
  touch(key: string, sealed: string, lifetimeMs: number | undefined): Promise<void>;
  delete(key: string): Promise<void>;
  /** Checks, until it has succeeded once, that the store kept a record. @throws HttpException store_failed */
  checkKept(key: string): Promise<void>;
  /** Emits a process warning, once for each code. */
  warnOnce(code: string, message: string): void;
}

type Callback<T> = (error?: unknown, value?: T) => void;

/** The methods of an express-session store that this library calls. */
export interface SessionStore {
  get(id: string, callback: Callback<unknown>): unknown;
  set(id: string, session: never, callback: Callback<void>): unknown;
  touch?(id: string, session: never, callback: Callback<void>): unknown;
  destroy(id: string, callback: Callback<void>): unknown;
}

/** How many instances in this process use each session store. */
const instances = new WeakMap<SessionStore, number>();

const FILE_CALLS = ["open", "read", "stat", "lstat", "access", "scandir", "unlink", "rename"];
const TOKEN_STORE_LIFETIME_MS = 14 * 86_400_000;

/** Stores records next to the sessions. Each looks like a session to the store. */
export function besideSessions(store: SessionStore, deadlineMs: number): RecordStore {
  instances.set(store, (instances.get(store) ?? 0) + 1);
  const attempt = <T>(doing: string, call: (callback: Callback<T>) => unknown) =>
    answered(doing, deadlineMs, () => called(call));
  const recordOf = (sealed: string, lifetimeMs: number | undefined) =>
    ({ cookie: cookieOf(lifetimeMs), grant: sealed }) as never;

  return withKeptCheck({
    get isShared() {
      return store.constructor.name !== "MemoryStore" || (instances.get(store) ?? 0) > 1;
    },
    async read(key) {
      const record = await answered("reading", deadlineMs, () => readSession(store, key));
      // express-session also treats any falsy value as a missing session.
      if (!record) return undefined;
      return textIn((record as { grant?: unknown }).grant);
    },
    write: (key, sealed, lifetimeMs) =>
      attempt("writing", (callback) => store.set(key, recordOf(sealed, lifetimeMs), callback)),
    async touch(key, sealed, lifetimeMs) {
      const record = recordOf(sealed, lifetimeMs);
      await attempt<void>("extending", (callback) =>
        store.touch ? store.touch(key, record, callback) : callback(),
      );
    },
    delete: (key) => attempt("deleting", (callback) => store.destroy(key, callback)),
  });
}

/** Stores records in the option `tokenStore`. */
export function inTokenStore(store: TokenStore, deadlineMs: number): RecordStore {
  const write = (key: string, sealed: string, lifetimeMs = TOKEN_STORE_LIFETIME_MS) =>
    answered("writing", deadlineMs, async () => {
      if ((await store.set(key, sealed, lifetimeMs)) === false)
        throw new Error("The store returned false from set().");
    });
  return withKeptCheck({
    isShared: true,
    write,
    touch: write,
    async read(key) {
      const value = await answered("reading", deadlineMs, async () => store.get(key));
      return value === undefined || value === null ? undefined : textIn(value);
    },
    async delete(key) {
      await answered("deleting", deadlineMs, async () => store.delete(key));
    },
  });
}

/** Reads a record or a session from a session store. */
export async function readSession(store: SessionStore, key: string): Promise<unknown> {
  try {
    return await called((callback) => store.get(key, callback));
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw error;
  }
}

/** Calls back if a write takes effect after its deadline. By then it may overwrite a later one. */
export function onLateWrite(error: unknown, callback: () => unknown): void {
  if (error instanceof HttpException && error.cause instanceof DeadlinePassed)
    error.cause.onSuccess(callback);
}

function storeFailed(doing: string, cause: unknown): HttpException {
  return new HttpException({
    message: `The store failed while ${doing}. Nobody was signed out. See error.cause for the store's own error.`,
    code: "store_failed",
    status: 503,
    cause,
  });
}

/** Calls a store, with a deadline. @throws HttpException store_failed */
export async function answered<T>(doing: string, deadlineMs: number, task: () => Promise<T>): Promise<T> {
  try {
    return await withDeadline(deadlineMs, task());
  } catch (error) {
    throw error instanceof HttpException ? error : storeFailed(doing, error);
  }
}

/** Stores read the lifetime from different fields, so a record has all fields of a session's cookie, and `toJSON`. */
function cookieOf(lifetimeMs: number | undefined): object {
  const expires = lifetimeMs === undefined ? null : new Date(now() + lifetimeMs);
  const cookie = {
    originalMaxAge: lifetimeMs ?? null,
    maxAge: lifetimeMs ?? null,
    expires,
    // Not meant to be public, but some stores read it.
    _expires: expires,
    path: "/",
    httpOnly: true,
  };
  // Not enumerable, because functions cannot be cloned.
  return Object.defineProperty(cookie, "toJSON", { value: () => ({ ...cookie }) });
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/**
 * Checks fields instead of `instanceof`, which is false for errors of another realm. Checks the system call because
 * connecting to a missing database socket fails with ENOENT too.
 */
function isMissingFile(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return code === "ENOENT" && FILE_CALLS.includes(String(syscall));
}

/** Resolves with the value passed to the callback. If the store also returns a promise, only its rejection counts. */
function called<T>(call: (callback: Callback<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const returned = call((error, value) => (error ? reject(error) : resolve(value as T)));
    Promise.resolve(returned).catch(reject);
  });
}

/** Some stores accept a record and then drop it, for example because they read its lifetime as a date. */
function withKeptCheck(store: Omit<RecordStore, "checkKept" | "warnOnce">): RecordStore {
  let isTrusted = false;
  const warned = new Set<string>();
  return Object.assign(store, {
    async checkKept(key: string) {
      if (isTrusted) return;
      for (const pauseMs of KEPT_CHECKS_MS) {
        await sleep(pauseMs);
        // Also "": a table may have columns for the app's own session data only.
        if (!(await store.read(key))) continue;
        isTrusted = true;
        return;
      }
      const text =
        "The store accepted a record but does not have it. Check its limits on lifetimes, key formats and properties.";
      throw storeFailed("keeping its first record", new Error(text));
    },
    warnOnce(code: string, message: string) {
      if (warned.has(code)) return;
      warned.add(code);
      process.emitWarning(`${message} See docs/session-stores.md.`, { type: "ExpressDiscordWarning", code });
    },
  });
}
