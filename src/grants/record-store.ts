import { now, sleep } from "../clock.js";
import { DeadlinePassed, withDeadline } from "../deadline.js";
import { HttpException } from "../errors.js";
import type { TokenStore } from "../options.js";
import { KEPT_CHECKS_MS } from "./time-limits.js";

/** Where encrypted records are kept, under keys of their own. Every method @throws HttpException store_failed */
export interface RecordStore {
  /** Whether others may see and change the same records: other processes, other instances. */
  readonly isShared: boolean;
  /** @returns what was written; `undefined` for nothing, `""` for something else */
  read(key: string): Promise<string | undefined>;
  /** @param lifetimeMs as the session's; `undefined` leaves it to the store */
  write(key: string, sealed: string, lifetimeMs: number | undefined): Promise<void>;
  /** Keeps a record for its whole lifetime again, where the store can do that without writing. */
  touch(key: string, sealed: string, lifetimeMs: number | undefined): Promise<void>;
  delete(key: string): Promise<void>;
  /** Looks once in each process whether the store has kept its first record. @throws HttpException store_failed */
  checkKept(key: string): Promise<void>;
  /** The same, with a warning instead of the error, unless the record was deleted on purpose. */
  warnUnlessKept(key: string, isDeleted: () => Promise<boolean>): Promise<void>;
  /** Warns once that the store does not keep leases. */
  warnOfLostLeases(): void;
}

type Callback<T> = (error?: unknown, value?: T) => void;

/** What is used of an express-session store. */
export interface SessionStore {
  get(id: string, callback: Callback<unknown>): unknown;
  set(id: string, session: never, callback: Callback<void>): unknown;
  touch?(id: string, session: never, callback: Callback<void>): unknown;
  destroy(id: string, callback: Callback<void>): unknown;
}

/** How many instances keep records in a session store that belongs to one process. */
const instances = new WeakMap<SessionStore, number>();

const FILE_CALLS = ["open", "read", "stat", "lstat", "access", "scandir", "unlink", "rename"];
const TOKEN_STORE_LIFETIME_MS = 14 * 86_400_000;

/**
 * Records next to the sessions, in their own store: to it, each looks like a session.
 *
 * @param deadlineMs real time; a store that has not answered by then has failed
 */
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
      if (record === undefined || record === null) return undefined;
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

/** Records in a store that the app has chosen. */
export function inTokenStore(store: TokenStore, deadlineMs: number): RecordStore {
  const write = (key: string, sealed: string, lifetimeMs = TOKEN_STORE_LIFETIME_MS) =>
    answered("writing", deadlineMs, async () => {
      if ((await store.set(key, sealed, lifetimeMs)) === false) throw new Error("The store did not keep it.");
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

/** What a session in this store has in its place, for the copy that a repeated callback gets. */
export async function readSession(store: SessionStore, key: string): Promise<unknown> {
  try {
    return await called((callback) => store.get(key, callback));
  } catch (error) {
    if (isMissingFile(error)) return undefined;
    throw error;
  }
}

/** Calls back if a write that was given up takes effect after all: by then it may undo a later one. */
export function onLateWrite(error: unknown, callback: () => unknown): void {
  if (error instanceof HttpException && error.cause instanceof DeadlinePassed)
    error.cause.onSuccess(callback);
}

/** Turns what a store threw or rejected with into our error. */
export function storeFailed(doing: string, cause: unknown): HttpException {
  return new HttpException({
    message: `The store that keeps the sign-ins failed while ${doing}. Nobody was signed out by this; see the cause.`,
    code: "store_failed",
    status: 503,
    cause,
  });
}

/** Waits for a store's answer. @throws HttpException store_failed */
export async function answered<T>(doing: string, deadlineMs: number, task: () => Promise<T>): Promise<T> {
  try {
    return await withDeadline(deadlineMs, task());
  } catch (error) {
    throw error instanceof HttpException ? error : storeFailed(doing, error);
  }
}

/** Stores read the lifetime from different fields; these are the ones of a session's cookie, with the same types. */
function cookieOf(lifetimeMs: number | undefined) {
  return {
    originalMaxAge: lifetimeMs ?? null,
    maxAge: lifetimeMs ?? null,
    expires: lifetimeMs === undefined ? null : new Date(now() + lifetimeMs),
    path: "/",
    httpOnly: true,
  };
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** By its fields: an error of another realm is no instance of our `Error`. A database's socket can be missing, too. */
function isMissingFile(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return code === "ENOENT" && FILE_CALLS.includes(String(syscall));
}

/** The value is what the store calls back with; of a promise that it returns as well, only a rejection counts. */
function called<T>(call: (callback: Callback<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const returned = call((error, value) => (error ? reject(error) : resolve(value as T)));
    Promise.resolve(returned).catch(reject);
  });
}

/** Some stores accept a record and drop it, for example because they take its lifetime for a date. */
function withKeptCheck(
  store: Omit<RecordStore, "checkKept" | "warnUnlessKept" | "warnOfLostLeases">,
): RecordStore {
  let isTrusted = false;
  const warned = new Set<string>();

  async function checkKept(key: string): Promise<void> {
    if (isTrusted) return;
    for (const pauseMs of KEPT_CHECKS_MS) {
      await sleep(pauseMs);
      if ((await store.read(key)) === undefined) continue;
      isTrusted = true;
      return;
    }
    const text =
      "The store accepted a record and no longer has it. Look at its limits on lifetimes and keys.";
    throw storeFailed("keeping its first record", new Error(text));
  }
  function warnOnce(code: string, message: string): void {
    if (warned.has(code)) return;
    warned.add(code);
    process.emitWarning(`${message} See docs/session-stores.md.`, { type: "ExpressDiscordWarning", code });
  }
  return Object.assign(store, {
    checkKept,
    async warnUnlessKept(key: string, isDeleted: () => Promise<boolean>) {
      if (isTrusted || warned.has("EXPRESS_DISCORD_STORE_LOSES")) return;
      const isKept = await checkKept(key).then(
        () => true,
        () => isDeleted().catch(() => true),
      );
      if (isKept) return;
      warnOnce(
        "EXPRESS_DISCORD_STORE_LOSES",
        "The session store accepted refreshed tokens and no longer has them, so their visitors will be signed out.",
      );
    },
    warnOfLostLeases() {
      warnOnce(
        "EXPRESS_DISCORD_NO_LEASE",
        "The session store does not keep the note that says which process refreshes a token. One process does not need it; several may refresh the same token at once, which costs a request.",
      );
    },
  });
}
