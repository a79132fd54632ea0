import type { Store } from "express-session";
import { describe, expect, it } from "vitest";
import { EXPRESS } from "../support/app.js";
import { startSignedInOn } from "../support/signed-in-on.js";
import { STORES, served } from "../support/stores.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const EXPRESS_5 = EXPRESS.slice(1);

describe.each(EXPRESS_5)("a visitor who comes back for a month on %s", (_express, createApp) => {
  describe.each(served(STORES))("with the store %s", (_name, kind) => {
    it("once an hour, in sessions that end with the browser, is still signed in", {
      timeout: 60_000,
    }, async () => {
      const { browser, pass } = await startSignedInOn(createApp, kind);
      for (let hours = 0; hours < 30 * 24; hours += 1) {
        await pass(HOUR_MS);
        expect([hours, (await browser.get("/guarded")).status]).toEqual([hours, 200]);
      }
    });

    it("four times a day, in sessions that roll for a day, is still signed in", async () => {
      const session = { rolling: true, cookie: { maxAge: DAY_MS } };
      const { browser, pass } = await startSignedInOn(createApp, kind, { session });
      for (let visits = 0; visits < 30 * 4; visits += 1) {
        await pass(6 * HOUR_MS);
        expect([visits, (await browser.get("/guarded")).status]).toEqual([visits, 200]);
      }
    });

    it("four times a day, in sessions that are saved each time and never touched, is still signed in", async () => {
      const session = { rolling: true, resave: true, cookie: { maxAge: DAY_MS } };
      const { opened, browser, pass } = await startSignedInOn(createApp, kind, { session });
      switchTouchOff(opened.store);
      for (let visits = 0; visits < 30 * 4; visits += 1) {
        await pass(6 * HOUR_MS);
        expect([visits, (await browser.get("/guarded")).status]).toEqual([visits, 200]);
      }
    });
  });
});

/** As the option `disableTouch` does, which several stores have. */
function switchTouchOff(store: Store): void {
  store.touch = (_id, _session, callback) => callback?.();
}
