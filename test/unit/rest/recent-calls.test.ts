import { expect, test, vi } from "vitest";
import { RecentCalls } from "../../../src/rest/recent-calls.js";

const NOON = Date.UTC(2026, 10, 23, 12);

function inFlight(calls: number): RecentCalls {
  const recent = new RecentCalls(1000);
  for (let call = 0; call < calls; call += 1) recent.begin();
  return recent;
}

test("calls wait until a period after the first of the most that may count", () => {
  const recent = new RecentCalls(1000);
  recent.add(NOON);
  expect(recent.waitFor(NOON, 2, "user")).toBeUndefined();
  expect(recent.add(NOON + 300)).toBe(2);
  expect(recent.waitFor(NOON + 300, 2, "user")).toEqual({ scope: "user", ms: 700 });
  expect(recent.waitFor(NOON + 999, 2, "user")).toEqual({ scope: "user", ms: 1 });
  expect(recent.waitFor(NOON + 1000, 2, "user")).toBeUndefined();
});

test("calls in flight count, and the first to end wakes the calls that wait for it, once", () => {
  const recent = inFlight(2);
  const wait = recent.waitFor(NOON, 2, "global");
  expect(wait).toMatchObject({ scope: "global" });
  expect(wait?.ms).toBeUndefined();
  const wake = vi.fn();
  wait?.onChange?.(wake);
  recent.end();
  recent.end();
  expect(wake).toHaveBeenCalledOnce();
  expect(recent.waitFor(NOON, 2, "global")).toBeUndefined();
});

test("a call with a higher limit does not wait behind calls with a lower one", () => {
  const recent = inFlight(25);
  expect(recent.waitFor(NOON, 25, "global")).toBeDefined();
  expect(recent.waitFor(NOON, 45, "global")).toBeUndefined();
});

test("a call waits for calls in flight at most a second at a time, because they may not count", () => {
  const recent = new RecentCalls(600_000);
  recent.add(NOON);
  recent.begin();
  expect(recent.waitFor(NOON, 2, "user")).toEqual({ scope: "user", ms: 1000 });
  recent.end();
  expect(recent.waitFor(NOON, 2, "user")).toBeUndefined();
});
