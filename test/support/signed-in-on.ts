import type { Application } from "express";
import type { SessionOptions } from "express-session";
import type { DiscordOAuth2Session, DiscordOptions } from "../../src/index.js";
import { moveDate } from "./move-date.js";
import { type SignedIn, startSignedIn } from "./signed-in.js";
import type { StoreForTest, StoreKind } from "./stores.js";

/** What a story on a real store starts with. */
export interface StoreStoryOptions {
  readonly session?: Partial<SessionOptions>;
  readonly discord?: DiscordOptions;
  readonly callbackPath?: string;
  readonly routes?: (app: Application, discord: DiscordOAuth2Session, opened: StoreForTest) => void;
}

/** A visitor whose session is in a store of its own. */
export interface SignedInOnStore extends SignedIn {
  readonly opened: StoreForTest;
  /** Lets time pass for everybody: for the app, Discord and the browser, and for the store by whatever clock it goes. */
  pass(ms: number): Promise<void>;
}

/** As `startSignedIn`, with the sessions in a new store of this kind. */
export async function startSignedInOn(
  createApp: () => Application,
  kind: StoreKind,
  { session, routes, ...options }: StoreStoryOptions = {},
): Promise<SignedInOnStore> {
  const opened = await kind.open();
  const started = await startSignedIn(createApp, {
    ...options,
    session: { ...session, store: opened.store },
    routes: (app, discord) => routes?.(app, discord, opened),
  });
  return {
    ...started,
    opened,
    async pass(ms) {
      moveDate(ms);
      await opened.catchUp?.(ms);
    },
  };
}

/** The key of a sign-in's record: of all keys that are not a session's, the one that the store keeps for longest. */
export async function recordKeyIn(opened: StoreForTest): Promise<string> {
  const keys = (await opened.keys()).filter((key) => key.startsWith("discord-"));
  const lifetimes = await Promise.all(keys.map((key) => opened.lifetimeMs(key)));
  return keys[lifetimes.indexOf(Math.max(...lifetimes))] ?? "";
}

/** The key of the only session. */
export async function sessionKeyIn(opened: StoreForTest): Promise<string> {
  return (await opened.keys()).find((key) => !key.startsWith("discord-")) ?? "";
}
