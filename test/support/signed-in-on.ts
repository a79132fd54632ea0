import type { Application } from "express";
import type { SessionOptions, Store } from "express-session";
import type { DiscordOAuth2Session, DiscordOptions } from "../../src/index.js";
import { moveDate } from "./move-date.js";
import { type SignedIn, startSignedIn } from "./signed-in.js";
import type { StoreForTest, StoreKind } from "./stores.js";

/** Nothing that the library does between two calls to the store takes longer. */
const QUIET_TURNS = 10;

/** The start of a story on a real store. */
export interface StoreStoryOptions {
  readonly session?: Partial<SessionOptions>;
  readonly discord?: DiscordOptions;
  readonly callbackPath?: string;
  readonly routes?: (app: Application, discord: DiscordOAuth2Session, opened: StoreForTest) => void;
}

/** A visitor whose session is in a store of its own. */
export interface SignedInOnStore extends SignedIn {
  readonly opened: StoreForTest;
  /** Waits for work that the library does after a response, such as extending a record. */
  quiet(): Promise<void>;
  /**
   * Moves the time for everybody: the app, Discord, the browser, and the store, whatever clock it uses. Waits for the
   * library first.
   */
  pass(ms: number): Promise<void>;
}

/** Like `startSignedIn`, with the sessions in a new store of this kind. */
export async function startSignedInOn(
  createApp: () => Application,
  kind: StoreKind,
  { session, routes, ...options }: StoreStoryOptions = {},
): Promise<SignedInOnStore> {
  const opened = await kind.open();
  const quiet = watchForQuiet(opened.store);
  const started = await startSignedIn(createApp, {
    ...options,
    session: { ...session, store: opened.store },
    routes: (app, discord) => routes?.(app, discord, opened),
  });
  return {
    ...started,
    opened,
    quiet,
    async pass(ms) {
      await quiet();
      moveDate(ms);
      await opened.catchUp?.(ms);
    },
  };
}

/** @returns a function that waits until no call to the store is in flight and none has been made for a while */
function watchForQuiet(store: Store): () => Promise<void> {
  let unanswered = 0;
  const counted = <T extends unknown[]>(call: (...values: T) => unknown) =>
    function count(this: Store, ...values: T): unknown {
      unanswered += 1;
      const callback = values.at(-1);
      const answer = (...answers: unknown[]) => {
        unanswered -= 1;
        if (typeof callback === "function") callback(...answers);
      };
      return call.apply(this, [
        ...(typeof callback === "function" ? values.slice(0, -1) : values),
        answer,
      ] as T);
    };
  for (const name of ["get", "set", "touch", "destroy"] as const) {
    const call = store[name];
    if (call) store[name] = counted(call as never) as never;
  }
  return async function quiet() {
    for (let turns = 0; turns < QUIET_TURNS; turns = unanswered > 0 ? 0 : turns + 1)
      await new Promise((resolve) => setImmediate(resolve));
  };
}

/** Returns the key of a sign-in's record: of all keys except the session's, the one with the longest lifetime. */
export async function recordKeyIn(opened: StoreForTest): Promise<string> {
  const keys = (await opened.keys()).filter((key) => key.startsWith("discord-"));
  const lifetimes = await Promise.all(keys.map((key) => opened.lifetimeMs(key)));
  return keys[lifetimes.indexOf(Math.max(...lifetimes))] ?? "";
}

/** Returns the key of the only session. */
export async function sessionKeyIn(opened: StoreForTest): Promise<string> {
  return (await opened.keys()).find((key) => !key.startsWith("discord-")) ?? "";
}
