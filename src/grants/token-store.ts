import { now } from "../clock.js";
import { DeadlinePassed, withDeadline } from "../deadline.js";
import { HttpException } from "../errors.js";
import type { TokenStore } from "../options.js";

/** Where sealed records lie, under keys of their own. */
export interface Records {
  /** Whether others may see and change the same records: other processes, other instances. */
  readonly shared: boolean;
  /** @throws HttpException store_failed */
  read(key: string): Promise<string | undefined>;
  /** @throws HttpException store_failed */
  write(key: string, sealed: string, ttlMs: number): Promise<void>;
  /** @throws HttpException store_failed */
  delete(key: string): Promise<void>;
}

type Callback<T> = (error?: unknown, value?: T) => void;

/** What is used of an express-session store. */
export interface SessionStore {
  get(id: string, callback: Callback<unknown>): void;
  set(id: string, session: never, callback: Callback<void>): void;
  destroy(id: string, callback: Callback<void>): void;
}

/** How many have records in a session store that is one process's own. */
const users = new WeakMap<SessionStore, number>();

/**
 * Records beside the sessions, in their own store: each looks like a session to it, which nobody can hold a cookie for.
 *
 * @param deadlineMs real time; a store that has not answered by then has failed
 */
export function besideSessions(store: SessionStore, deadlineMs: number): Records {
  users.set(store, (users.get(store) ?? 0) + 1);
  return {
    get shared() {
      return store.constructor.name !== "MemoryStore" || (users.get(store) ?? 0) > 1;
    },

    async read(key) {
      const session = await attempt("reading", deadlineMs, () =>
        called((callback) => store.get(key, callback)).catch(withoutMissingFile),
      );
      return sealedIn(session);
    },

    async write(key, sealed, ttlMs) {
      const session = { cookie: cookieOf(ttlMs), grant: sealed };
      await attempt("writing", deadlineMs, () =>
        called<void>((callback) => store.set(key, session as never, callback)),
      );
    },

    async delete(key) {
      await attempt("deleting", deadlineMs, () => called<void>((callback) => store.destroy(key, callback)));
    },
  };
}

/** Records in a store that the app has chosen. */
export function inTokenStore(store: TokenStore, deadlineMs: number): Records {
  return {
    shared: true,

    async read(key) {
      const value = await attempt("reading", deadlineMs, async () => store.get(key));
      return typeof value === "string" ? value : undefined;
    },

    async write(key, sealed, ttlMs) {
      await attempt("writing", deadlineMs, async () => {
        if ((await store.set(key, sealed, ttlMs)) === false) throw new Error("The store has not kept it.");
      });
    },

    async delete(key) {
      await attempt("deleting", deadlineMs, async () => store.delete(key));
    },
  };
}

/** Stores take the lifetime from different ones of these. */
function cookieOf(ttlMs: number) {
  return {
    originalMaxAge: ttlMs,
    maxAge: ttlMs,
    expires: new Date(now() + ttlMs).toISOString(),
    path: "/",
    httpOnly: true,
  };
}

function sealedIn(session: unknown): string | undefined {
  if (typeof session !== "object" || session === null || !("grant" in session)) return undefined;
  return typeof session.grant === "string" ? session.grant : undefined;
}

/** Some stores report a missing session as the missing of its file. */
function withoutMissingFile(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}

function called<T>(call: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}

async function attempt<T>(doing: string, deadlineMs: number, task: () => Promise<T>): Promise<T> {
  try {
    return await withDeadline(deadlineMs, task());
  } catch (error) {
    throw storeFailed(doing, error);
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
