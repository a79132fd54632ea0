import { now } from "../clock.js";
import { HttpException } from "../errors.js";
import type { TokenStore } from "../options.js";

/** Where sealed records lie, under keys of their own. */
export interface Records {
  /** Whether other processes may see the same records. */
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

/** Records beside the sessions, in their own store: each looks like a session to it, which nobody can hold a cookie for. */
export function besideSessions(store: SessionStore): Records {
  return {
    shared: store.constructor.name !== "MemoryStore",

    async read(key) {
      try {
        return sealedIn(await new Promise((resolve, reject) => store.get(key, settle(resolve, reject))));
      } catch (error) {
        if (isMissingFile(error)) return undefined;
        throw storeFailed("reading", error);
      }
    },

    async write(key, sealed, ttlMs) {
      const session = { cookie: cookieOf(ttlMs), grant: sealed };
      await attempt(
        "writing",
        () => new Promise((resolve, reject) => store.set(key, session as never, settle(resolve, reject))),
      );
    },

    async delete(key) {
      await attempt(
        "deleting",
        () => new Promise((resolve, reject) => store.destroy(key, settle(resolve, reject))),
      );
    },
  };
}

/** Records in a store that the app has chosen. */
export function inTokenStore(store: TokenStore): Records {
  return {
    shared: true,

    async read(key) {
      const value = await attempt("reading", async () => store.get(key));
      return typeof value === "string" ? value : undefined;
    },

    async write(key, sealed, ttlMs) {
      await attempt("writing", async () => store.set(key, sealed, ttlMs));
    },

    async delete(key) {
      await attempt("deleting", async () => store.delete(key));
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
function isMissingFile(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function settle<T>(resolve: (value: T) => void, reject: (error: unknown) => void): Callback<T> {
  return (error, value) => (error ? reject(error) : resolve(value as T));
}

async function attempt<T>(doing: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw storeFailed(doing, error);
  }
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
