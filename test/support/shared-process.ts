import { afterAll, expect, vi } from "vitest";
import { now } from "../../src/clock.js";

const SystemDate = Date;
const CLOSE_MS = 5000;

/** What a test file may change and must restore, because other files share its process. */
const shared = () => ({
  env: { ...process.env },
  warningListeners: process.listenerCount("warning"),
  rejectionListeners: process.listenerCount("unhandledRejection"),
});

const before = shared();

afterAll(() => {
  vi.unstubAllEnvs();
  expect(globalThis.Date, "the class Date").toBe(SystemDate);
  expect(Math.abs(now() - Date.now()), "the clock of the library").toBeLessThan(CLOSE_MS);
  expect(shared()).toEqual(before);
});
