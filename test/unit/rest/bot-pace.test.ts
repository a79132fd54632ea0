import { expect, test, vi } from "vitest";
import { BotPace } from "../../../src/rest/bot-pace.js";

const NOON = Date.UTC(2026, 10, 23, 12);

test("lookups count until a second after their responses", () => {
  const pace = new BotPace();
  for (let call = 0; call < 25; call += 1) pace.begin();
  expect(pace.waitFor(NOON, 25)).toMatchObject({ scope: "global", ms: undefined });
  pace.end(NOON + 300);
  expect(pace.waitFor(NOON + 300, 25)).toEqual({ scope: "global", ms: 1000 });
  expect(pace.waitFor(NOON + 1299, 25)).toEqual({ scope: "global", ms: 1 });
  expect(pace.waitFor(NOON + 1300, 25)).toBeUndefined();
});

test("a call with more room than others goes ahead of them", () => {
  const pace = new BotPace();
  for (let call = 0; call < 25; call += 1) pace.begin();
  expect(pace.waitFor(NOON, 25)).toBeDefined();
  expect(pace.waitFor(NOON, 45)).toBeUndefined();
});

test("lookups that wait for a response hear of it once", () => {
  const pace = new BotPace();
  for (let call = 0; call < 25; call += 1) pace.begin();
  const wake = vi.fn();
  pace.waitFor(NOON, 25)?.onChange?.(wake);
  pace.end(NOON);
  pace.end(NOON);
  expect(wake).toHaveBeenCalledOnce();
});

test("no lookup waits for a clock that was set back by an hour", () => {
  const pace = new BotPace();
  for (let call = 0; call < 25; call += 1) pace.begin();
  for (let call = 0; call < 25; call += 1) pace.end(NOON);
  expect(pace.waitFor(NOON - 3_600_000, 25)).toBeUndefined();
});
