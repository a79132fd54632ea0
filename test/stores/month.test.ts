import type { SessionOptions, Store } from "express-session";
import { describe, expect, it } from "vitest";
import { LATEST_EXPRESS } from "../support/app.js";
import { refreshesAt } from "../support/signed-in.js";
import { startSignedInOn } from "../support/signed-in-on.js";
import { STORES, served } from "../support/stores.js";

interface Given {
  readonly session?: Partial<SessionOptions>;
  readonly isTouchOff?: boolean;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const STORIES: readonly (readonly [often: string, sessions: string, everyMs: number, given: Given])[] = [
  ["once an hour", "end with the browser", HOUR_MS, {}],
  [
    "four times a day",
    "roll for a day",
    6 * HOUR_MS,
    { session: { rolling: true, cookie: { maxAge: DAY_MS } } },
  ],
  [
    "four times a day",
    "roll for a day, are saved each time and never touched",
    6 * HOUR_MS,
    { session: { rolling: true, resave: true, cookie: { maxAge: DAY_MS } }, isTouchOff: true },
  ],
];

describe.each(LATEST_EXPRESS)("a month on %s", { timeout: 120_000 }, (_express, createApp) => {
  describe.each(served(STORES))("%s", (name, kind) => {
    it.each(STORIES)(
      `a visitor who comes %s for a month stays signed in with ${name}, where sessions %s`,
      async (...story) => {
        const [, , everyMs, { session, isTouchOff }] = story;
        const { opened, simulator, browser, pass } = await startSignedInOn(createApp, kind, {
          ...(session && { session }),
        });
        if (isTouchOff) switchTouchOff(opened.store);
        for (let passed = everyMs; passed <= 30 * DAY_MS; passed += everyMs) {
          await pass(everyMs);
          expect([passed / HOUR_MS, (await browser.get("/guarded")).status]).toEqual([passed / HOUR_MS, 200]);
        }
        expect(refreshesAt(simulator)).toBe(4);
      },
    );
  });

  it.each(served(STORES.filter(({ ownTtlMs }) => ownTtlMs !== undefined)))(
    "a visitor who comes once an hour stays signed in with %s if sessions outlive it and are saved each time, never touched",
    async (_name, kind) => {
      const session = { rolling: true, resave: true, cookie: { maxAge: 30 * DAY_MS } };
      const { opened, browser, pass } = await startSignedInOn(createApp, kind, { session });
      switchTouchOff(opened.store);
      for (let hours = 1; hours <= 72; hours += 1) {
        await pass(HOUR_MS);
        expect([hours, (await browser.get("/guarded")).status]).toEqual([hours, 200]);
      }
    },
  );
});

/** Like the option `disableTouch` of several stores. */
function switchTouchOff(store: Store): void {
  store.touch = (_id, _session, callback) => callback?.();
}
