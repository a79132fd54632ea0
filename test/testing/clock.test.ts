import { expect, it } from "vitest";
import { SimulatedClock } from "../../src/testing/clock.js";
import { startForTest } from "./start-for-test.js";

it("the clock runs with the system's from where it was moved to", () => {
  const clock = new SimulatedClock();
  const before = Date.now();
  expect(clock.now()).toBeGreaterThanOrEqual(before);
  clock.advance(60_000);
  expect(clock.now()).toBeGreaterThanOrEqual(before + 60_000);
  expect(clock.now()).toBeLessThanOrEqual(Date.now() + 60_000);
});

it("a frozen clock moves only when told to", async () => {
  const clock = new SimulatedClock();
  clock.freeze();
  const frozen = clock.now();
  while (Date.now() === frozen) await new Promise(setImmediate);
  clock.freeze();
  expect(clock.now()).toBe(frozen);
  clock.advance(5);
  expect(clock.now()).toBe(frozen + 5);
});

it("a clock moved by fractions of a millisecond does no harm", async () => {
  const discord = await startForTest();
  discord.clock.advance(1000 / 3);
  expect(discord.addUser().id).toMatch(/^\d+$/);
});

it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e17])("the clock cannot be moved by %s", (ms) => {
  expect(() => new SimulatedClock().advance(ms)).toThrow(TypeError);
});
