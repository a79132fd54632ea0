import { expect, it } from "vitest";
import { compareSnowflakes, isSnowflake, SnowflakeSequence } from "../../src/testing/snowflake.js";

it.each(["0", "80351110224678912", "18446744073709551615"])("the id %s is a snowflake", (text) => {
  expect(isSnowflake(text)).toBe(true);
});

it.each(["", "-1", "1.0", "1 ", "0x1", "18446744073709551616", "abc"])(
  'the id "%s" is not a snowflake',
  (text) => {
    expect(isSnowflake(text)).toBe(false);
  },
);

it("snowflakes are ordered as numbers", () => {
  expect(["1000", "9", "30", "30", "1"].sort(compareSnowflakes)).toEqual(["1", "9", "30", "30", "1000"]);
});

it("a new snowflake carries its time, and never repeats", () => {
  const ids = new SnowflakeSequence();
  const now = Date.UTC(2024, 0, 1);
  const made = Array.from({ length: 5000 }, () => ids.next(now));
  expect(Number(BigInt(made[0]!) >> 22n) + 1_420_070_400_000).toBe(now);
  expect(new Set(made).size).toBe(5000);
  expect(made.toSorted(compareSnowflakes)).toEqual(made);
});

it("two sequences make different ids at the same time", () => {
  expect(new SnowflakeSequence().next(Date.now())).not.toBe(new SnowflakeSequence().next(Date.now()));
});
