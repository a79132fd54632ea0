import { describe, expect, onTestFinished, test, vi } from "vitest";
import { InvalidRequests } from "../src/rest/invalid-requests.js";

const NOON = Date.UTC(2026, 10, 23, 12);
const TEN_MINUTES = 600_000;

function fail(counter: InvalidRequests, times: number, now: number, untrusted?: string): void {
  for (let time = 0; time < times; time++) {
    counter.sent(untrusted);
    counter.answered(now, true, untrusted);
  }
}

function warnings() {
  const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  onTestFinished(() => emitWarning.mockRestore());
  return emitWarning;
}

describe("at the limit", () => {
  test("every call waits until the window frees one", () => {
    warnings();
    const counter = new InvalidRequests(9500);
    fail(counter, 1, NOON);
    fail(counter, 9498, NOON + 60_000);
    expect(counter.waitFor(NOON + 60_000)).toBeUndefined();
    fail(counter, 1, NOON + 60_000);
    expect(counter.waitFor(NOON + 60_000)).toEqual({ scope: "global", ms: TEN_MINUTES + 10_000 - 60_000 });
    expect(counter.waitFor(NOON + TEN_MINUTES + 9999)).toEqual({ scope: "global", ms: 1 });
    expect(counter.waitFor(NOON + TEN_MINUTES + 10_000)).toBeUndefined();
  });

  test("calls that were answered well do not count", () => {
    const counter = new InvalidRequests(1);
    for (let time = 0; time < 100; time++) counter.answered(NOON, false);
    expect(counter.waitFor(NOON)).toBeUndefined();
  });
});

describe("the warning", () => {
  test("comes once at 1,000, and again only after the count was lower", () => {
    const emitWarning = warnings();
    const counter = new InvalidRequests(9500);
    fail(counter, 999, NOON);
    expect(emitWarning).not.toHaveBeenCalled();
    fail(counter, 500, NOON);
    expect(emitWarning).toHaveBeenCalledTimes(1);
    expect(emitWarning).toHaveBeenCalledWith(expect.stringContaining("1000 calls"), {
      code: "EXPRESS_DISCORD_INVALID_REQUESTS",
    });
    fail(counter, 999, NOON + TEN_MINUTES + 10_000);
    expect(emitWarning).toHaveBeenCalledTimes(1);
    fail(counter, 1, NOON + TEN_MINUTES + 10_000);
    expect(emitWarning).toHaveBeenCalledTimes(2);
  });

  test("comes at a lower limit, where there is one", () => {
    const emitWarning = warnings();
    fail(new InvalidRequests(3), 3, NOON);
    expect(emitWarning).toHaveBeenCalledTimes(1);
  });
});

describe("untrusted credentials", () => {
  test("are stopped at 50 each, without stopping others", () => {
    const counter = new InvalidRequests(9500);
    fail(counter, 50, NOON, "mallory");
    expect(counter.waitFor(NOON, "mallory")).toEqual({ scope: "user", ms: TEN_MINUTES + 10_000 });
    expect(counter.waitFor(NOON, "nelly")).toBeUndefined();
    expect(counter.waitFor(NOON)).toBeUndefined();
    expect(counter.waitFor(NOON + TEN_MINUTES + 10_000, "mallory")).toBeUndefined();
  });

  test("are stopped together at a tenth of the limit, without stopping trusted ones", () => {
    warnings();
    const counter = new InvalidRequests(9500);
    for (let user = 0; user < 950; user++) fail(counter, 1, NOON, `made up ${user}`);
    expect(counter.waitFor(NOON, "another")).toMatchObject({ scope: "user" });
    expect(counter.waitFor(NOON)).toBeUndefined();
    fail(counter, 8550, NOON);
    expect(counter.waitFor(NOON)).toMatchObject({ scope: "global" });
  });

  test("get at least one call", () => {
    const counter = new InvalidRequests(5);
    expect(counter.waitFor(NOON, "nelly")).toBeUndefined();
  });

  test("count while their calls are under way", () => {
    const counter = new InvalidRequests(9500);
    for (let call = 0; call < 50; call++) counter.sent("mallory");
    expect(counter.waitFor(NOON, "mallory")).toEqual({ scope: "user", ms: 1000 });
    for (let call = 0; call < 50; call++) counter.answered(NOON, false, "mallory");
    expect(counter.waitFor(NOON, "mallory")).toBeUndefined();
  });

  test("of those that were forgotten are counted anew", () => {
    const counter = new InvalidRequests(9500);
    fail(counter, 49, NOON, "mallory");
    fail(counter, 1, NOON + TEN_MINUTES + 10_000, "trudy");
    fail(counter, 49, NOON + TEN_MINUTES + 10_000, "mallory");
    expect(counter.waitFor(NOON + TEN_MINUTES + 10_000, "mallory")).toBeUndefined();
    counter.sent("mallory");
    counter.answered(NOON + TEN_MINUTES + 10_000, false, "mallory");
    fail(counter, 1, NOON + TEN_MINUTES + 10_000, "mallory");
    expect(counter.waitFor(NOON + TEN_MINUTES + 10_000, "mallory")).toBeDefined();
  });

  test("answered without having been sent change nothing", () => {
    const counter = new InvalidRequests(9500);
    counter.answered(NOON, false, "nobody");
    expect(counter.waitFor(NOON, "nobody")).toBeUndefined();
  });
});
