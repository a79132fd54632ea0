import { describe, expect, onTestFinished, test, vi } from "vitest";
import { InvalidRequests } from "../../../src/rest/invalid-requests.js";

const NOON = Date.UTC(2026, 10, 23, 12);
const TEN_MINUTES = 600_000;

function fail(counter: InvalidRequests, times: number, now: number, isUntrusted = false): void {
  for (let time = 0; time < times; time++) counter.add(now, isUntrusted);
}

function warnings() {
  const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  onTestFinished(() => emitWarning.mockRestore());
  return emitWarning;
}

test("every call waits at the limit of invalid requests until the window frees one", () => {
  warnings();
  const counter = new InvalidRequests(9500);
  fail(counter, 1, NOON);
  fail(counter, 9498, NOON + 60_000);
  expect(counter.waitFor(NOON + 60_000, false)).toBeUndefined();
  fail(counter, 1, NOON + 60_000);
  expect(counter.waitFor(NOON + 60_000, false)).toEqual({
    scope: "global",
    ms: TEN_MINUTES - 60_000,
  });
  expect(counter.waitFor(NOON + TEN_MINUTES - 1, false)).toEqual({ scope: "global", ms: 1 });
  expect(counter.waitFor(NOON + TEN_MINUTES, false)).toBeUndefined();
});

test("no call waits for a clock that was set back by an hour", () => {
  warnings();
  const counter = new InvalidRequests(10);
  fail(counter, 10, NOON, true);
  expect(counter.waitFor(NOON - 3_600_000, true)).toBeUndefined();
});

describe("invalid request warnings", () => {
  test("the warning about invalid requests comes at 1,000, and again only after the count was lower", () => {
    const emitWarning = warnings();
    const counter = new InvalidRequests(9500);
    fail(counter, 999, NOON);
    expect(emitWarning).not.toHaveBeenCalled();
    fail(counter, 500, NOON);
    expect(emitWarning).toHaveBeenCalledTimes(1);
    expect(emitWarning).toHaveBeenCalledWith(expect.stringContaining("1000 calls"), {
      code: "EXPRESS_DISCORD_INVALID_REQUESTS",
    });
    fail(counter, 999, NOON + TEN_MINUTES);
    expect(emitWarning).toHaveBeenCalledTimes(1);
    fail(counter, 1, NOON + TEN_MINUTES);
    expect(emitWarning).toHaveBeenCalledTimes(2);
  });

  test("the warning about invalid requests comes at a lower limit if there is one", () => {
    const emitWarning = warnings();
    fail(new InvalidRequests(3), 3, NOON);
    expect(emitWarning).toHaveBeenCalledTimes(1);
  });
});

describe("calls with untrusted tokens", () => {
  test("calls with untrusted tokens stop together at a tenth of the limit, and others go on", () => {
    warnings();
    const counter = new InvalidRequests(9500);
    fail(counter, 950, NOON, true);
    expect(counter.waitFor(NOON, true)).toEqual({ scope: "user", ms: TEN_MINUTES });
    expect(counter.waitFor(NOON, false)).toBeUndefined();
    fail(counter, 8550, NOON);
    expect(counter.waitFor(NOON, false)).toMatchObject({ scope: "global" });
    expect(counter.waitFor(NOON + TEN_MINUTES, true)).toBeUndefined();
  });

  test("a call with an untrusted token is allowed at least once", () => {
    expect(new InvalidRequests(5).waitFor(NOON, true)).toBeUndefined();
  });

  test("calls with untrusted tokens count while they are in flight", () => {
    const counter = new InvalidRequests(100);
    for (let call = 0; call < 10; call++) counter.beginUntrusted();
    expect(counter.waitFor(NOON, true)).toEqual({ scope: "user", ms: 1000 });
    counter.endUntrusted();
    expect(counter.waitFor(NOON, true)).toBeUndefined();
  });
});
