import { expect, test } from "vitest";
import { Cooldowns } from "../../../src/rest/cooldowns.js";
import { movableClock } from "../../support/clock.js";

test("a cooldown holds for its key until its time is over", () => {
  const clock = movableClock();
  const cooldowns = new Cooldowns();
  cooldowns.start("one", 1000, "user");
  expect(cooldowns.waitFor("one")).toMatchObject({ scope: "user" });
  expect(cooldowns.waitFor("another")).toBeUndefined();
  clock.advance(1000);
  expect(cooldowns.waitFor("one")).toBeUndefined();
});

test("a cooldown of everything holds for every key", () => {
  const cooldowns = new Cooldowns();
  cooldowns.start("one", 1000, "user");
  cooldowns.start(undefined, 60_000, "global");
  for (const key of ["one", "another"]) expect(cooldowns.waitFor(key)).toMatchObject({ scope: "global" });
});

test("a shorter cooldown does not shorten a longer one", () => {
  const clock = movableClock();
  const cooldowns = new Cooldowns();
  cooldowns.start(undefined, 60_000, "global");
  cooldowns.start(undefined, 1000, "global");
  clock.advance(50_000);
  expect(cooldowns.waitFor("one")?.ms).toBeGreaterThan(9000);
  cooldowns.start(undefined, 60_000, "global");
  expect(cooldowns.waitFor("one")?.ms).toBeGreaterThan(59_000);
});

test("a clock that is set back by more than its time ends a cooldown", () => {
  const clock = movableClock();
  const cooldowns = new Cooldowns();
  cooldowns.start("one", 1000, "user");
  clock.advance(-3_600_000);
  expect(cooldowns.waitFor("one")).toBeUndefined();
});
