import { expect, test } from "vitest";
import { Stops } from "../src/rest/stops.js";
import { movableClock } from "./support/clock.js";

test("a stop holds for its key until its time is over", () => {
  const clock = movableClock();
  const stops = new Stops();
  stops.add("one", 1000, "user");
  expect(stops.waitFor("one")).toMatchObject({ scope: "user" });
  expect(stops.waitFor("another")).toBeUndefined();
  clock.advance(1000);
  expect(stops.waitFor("one")).toBeUndefined();
});

test("a stop of everything holds for every key", () => {
  const stops = new Stops();
  stops.add("one", 1000, "user");
  stops.add(undefined, 60_000, "global");
  for (const key of ["one", "another"]) expect(stops.waitFor(key)).toMatchObject({ scope: "global" });
});

test("a shorter stop does not shorten a longer one", () => {
  const clock = movableClock();
  const stops = new Stops();
  stops.add(undefined, 60_000, "global");
  stops.add(undefined, 1000, "global");
  clock.advance(50_000);
  expect(stops.waitFor("one")?.ms).toBeGreaterThan(9000);
  stops.add(undefined, 60_000, "global");
  expect(stops.waitFor("one")?.ms).toBeGreaterThan(59_000);
});

test("a clock that is set back by more than its time ends a stop", () => {
  const clock = movableClock();
  const stops = new Stops();
  stops.add("one", 1000, "user");
  clock.advance(-3_600_000);
  expect(stops.waitFor("one")).toBeUndefined();
});
