import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callsLeft, mergeWindows, readRateLimitHeaders, readRefusal } from "../../../src/rest/rate-limits.js";
import { CASES } from "../../support/cases.js";

const NOON = Date.UTC(2026, 10, 23, 12);

describe("rate limit headers", () => {
  const headers = {
    "x-ratelimit-limit": "5",
    "x-ratelimit-remaining": "3",
    "x-ratelimit-reset": "1795435202.5",
    "x-ratelimit-reset-after": "2.4996",
    "x-ratelimit-bucket": "abcd1234",
  };
  const told = { bucket: "abcd1234", limit: 5, remaining: 3, resetAt: NOON + 2500, windowEnd: 1795435202500 };

  test.each([
    ["all five headers", {}, told],
    ["no bucket", { "x-ratelimit-bucket": undefined }, { ...told, bucket: undefined }],
    ["no reset", { "x-ratelimit-reset": undefined }, { ...told, windowEnd: NOON + 2500 }],
    ["a reset that is a date", { "x-ratelimit-reset": "soon" }, { ...told, windowEnd: NOON + 2500 }],
    ["no limit", { "x-ratelimit-limit": undefined }, { ...told, limit: 3 }],
    [
      "a limit of zero",
      { "x-ratelimit-limit": "0", "x-ratelimit-remaining": "0" },
      { ...told, limit: 1, remaining: 0 },
    ],
    ["a limit below what remains", { "x-ratelimit-limit": "2" }, { ...told, limit: 3 }],
    ["a reset in a year", { "x-ratelimit-reset-after": "31536000" }, { ...told, resetAt: NOON + 86_400_000 }],
    ["no remaining", { "x-ratelimit-remaining": undefined }, undefined],
    ["no time", { "x-ratelimit-reset-after": undefined }, undefined],
    ["a negative remaining", { "x-ratelimit-remaining": "-1" }, undefined],
    ["a reset with an exponent", { "x-ratelimit-reset-after": "1e9" }, undefined],
    ["an empty time", { "x-ratelimit-reset-after": "" }, undefined],
    ["a header sent twice", { "x-ratelimit-remaining": ["3", "4"] }, undefined],
  ])("rate limit headers are read with %s", (_, changed, expected) => {
    expect(readRateLimitHeaders({ ...headers, ...changed }, NOON)).toEqual(expected);
  });
});

describe("429 responses", () => {
  const limited = { message: "You are being rate limited.", retry_after: 64.57, global: false };
  const ban = {
    code: 0,
    message: "You are being blocked from accessing our API temporarily due to exceeding our rate limits.",
  };
  const bucket = { "x-ratelimit-bucket": "abcd1234" };

  test.each([
    ["JSON", { "retry-after": "65" }, limited, 64.57, "user"],
    ["JSON of a shared resource", { "x-ratelimit-scope": "shared" }, limited, 64.57, "shared"],
    ["JSON that is global", {}, { ...limited, global: true }, 64.57, "global"],
    ["a global scope", { "x-ratelimit-scope": "global" }, limited, 64.57, "global"],
    ["a global header", { "x-ratelimit-global": "true" }, limited, 64.57, "global"],
    ["a time in the header alone", { "retry-after": "3" }, {}, 3, "user"],
    ["a date in the header", { "retry-after": "Mon, 23 Nov 2026 12:00:07 GMT" }, {}, 1, "user"],
    ["a window in the header", { "x-ratelimit-reset-after": "0.25" }, {}, 0.25, "user"],
    ["JSON without a time", {}, {}, 1, "user"],
    ["a negative time", { "retry-after": "-5" }, { retry_after: -5 }, 1, "user"],
    ["a time in words", {}, { retry_after: "5" }, 1, "user"],
    ["a time that is endless", { "retry-after": "1e999" }, { retry_after: Infinity }, 86_400, "user"],
    ["a time beyond reason", {}, { retry_after: 1e12 }, 86_400, "user"],
    ["Cloudflare's text", {}, "error code: 1015", 60, "everybody"],
    ["Cloudflare's page with a time", { "retry-after": "30" }, "<!doctype html>", 30, "everybody"],
    ["bytes", {}, Buffer.from("error code: 1015"), 60, "everybody"],
    ["an empty body", {}, undefined, 60, "everybody"],
    ["JSON null", {}, null, 60, "everybody"],
    ["an empty body and a named limit", { ...bucket, "retry-after": "2" }, "", 2, "user"],
    ["an empty body and a scope", { "x-ratelimit-scope": "shared" }, "", 1, "shared"],
    ["the temporary ban", {}, ban, 60, "everybody"],
    ["the temporary ban with a time", { "retry-after": "600" }, ban, 600, "everybody"],
    ["a message that is not text", {}, { message: { toString: 1 } }, 1, "user"],
  ])("a 429 with %s says how long and for whom", (_, headers, body, retryAfterS, whom) => {
    const isForAll = whom === "everybody";
    expect(readRefusal(headers, body)).toEqual({
      retryAfterS,
      scope: isForAll ? "global" : whom,
      isForAll,
    });
  });
});

test("whatever the headers and the body, times are bounded numbers", () => {
  const value = fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.integer().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    fc.constantFrom("", "NaN", "Infinity", "-0", "1e400", "9".repeat(400), "0x10", " 5", "5 "),
    fc.array(fc.string(), { maxLength: 2 }),
    fc.constant(undefined),
  );
  const headers = fc.record({
    "x-ratelimit-limit": value,
    "x-ratelimit-remaining": value,
    "x-ratelimit-reset": value,
    "x-ratelimit-reset-after": value,
    "x-ratelimit-bucket": value,
    "x-ratelimit-scope": value,
    "x-ratelimit-global": value,
    "retry-after": value,
  });
  const body = fc.oneof(
    fc.anything(),
    fc.record({ retry_after: fc.anything(), global: fc.anything(), message: fc.anything() }),
  );
  fc.assert(
    fc.property(headers, body, (given, answered) => {
      const { retryAfterS, scope } = readRefusal(given, answered);
      expect(retryAfterS >= 0 && retryAfterS <= 86_400).toBe(true);
      expect(["user", "global", "shared"]).toContain(scope);
      const told = readRateLimitHeaders(given, NOON);
      if (told === undefined) return;
      expect(told.limit).toBeGreaterThanOrEqual(1);
      expect(told.remaining).toBeGreaterThanOrEqual(0);
      expect(told.remaining).toBeLessThanOrEqual(told.limit);
      expect(told.resetAt >= NOON && told.resetAt <= NOON + 86_400_000).toBe(true);
      expect(told.windowEnd).toBeGreaterThanOrEqual(0);
    }),
    CASES,
  );
});

describe("merging windows", () => {
  const known = { limit: 5, remaining: 1, resetAt: NOON + 1000, windowEnd: NOON + 1000 };
  test.each([
    ["the lower count holds within a window", { remaining: 3 }, 0, { ...known, remaining: 1 }],
    ["the newer one may be the lower", { remaining: 0 }, 0, { ...known, remaining: 0 }],
    [
      "a window may end a little sooner or later",
      { remaining: 3, windowEnd: NOON + 1040 },
      0,
      { ...known, remaining: 1, windowEnd: NOON + 1040 },
    ],
    [
      "the one of the next window holds",
      { remaining: 4, windowEnd: NOON + 2000, resetAt: NOON + 2000 },
      0,
      { limit: 5, remaining: 4, windowEnd: NOON + 2000, resetAt: NOON + 2000 },
    ],
    ["one of an earlier window is late", { remaining: 4, windowEnd: NOON - 500 }, 0, known],
    [
      "any holds once the window has passed",
      { remaining: 4, windowEnd: NOON - 500 },
      1000,
      { ...known, remaining: 4, windowEnd: NOON - 500 },
    ],
  ])("two answers are merged: %s", (_, changed, laterMs, expected) => {
    expect(mergeWindows(known, { ...known, ...changed }, NOON + laterMs)).toEqual(expected);
  });
});

test.each([
  [{ remaining: 3 }, 0, 0, 3],
  [{ remaining: 3 }, 2, 0, 1],
  [{ remaining: 0 }, 0, 999, 0],
  [{ remaining: 0 }, 0, 1000, 5],
  [{ remaining: 0 }, 4, 1000, 1],
])(
  "after an answer of %j with %i in flight %i ms later, %i calls are left",
  (changed, inFlight, laterMs, left) => {
    const window = { limit: 5, resetAt: NOON + 1000, windowEnd: NOON + 1000, ...changed };
    expect(callsLeft(window, inFlight, NOON + laterMs)).toBe(left);
  },
);
