import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Buckets, type Slot } from "../../../src/rest/buckets.js";
import type { RateLimitHeaders } from "../../../src/rest/rate-limits.js";
import { CASES } from "../../support/cases.js";

const NOON = Date.UTC(2026, 10, 23, 12);

function slot(changed: Partial<Slot> = {}): Slot {
  return { subject: "Bearer 1", route: "GET /users/@me/guilds", major: "", bucket: undefined, ...changed };
}

function headers(remaining: number, changed: Partial<RateLimitHeaders> = {}): RateLimitHeaders {
  return {
    bucket: "abcd1234",
    limit: 5,
    remaining,
    resetAt: NOON + 1000,
    windowEnd: NOON + 1000,
    ...changed,
  };
}

/** Sends one call and receives its response. */
function call(buckets: Buckets, remaining: number, changed?: Partial<Slot>, now = NOON): void {
  const taken = slot(changed);
  expect(buckets.reserve(taken, now)).toBeUndefined();
  buckets.learn(taken, headers(remaining), now);
}

describe("calls and buckets", () => {
  test("calls are sent at once while no limit is known", () => {
    const buckets = new Buckets();
    for (let sent = 0; sent < 100; sent++) expect(buckets.reserve(slot(), NOON)).toBeUndefined();
    expect(buckets.size).toBe(0);
  });

  test("calls wait for the reset if nothing remains", () => {
    const buckets = new Buckets();
    call(buckets, 0);
    expect(buckets.reserve(slot(), NOON + 400)).toMatchObject({ scope: "user", ms: 600 });
    expect(buckets.reserve(slot(), NOON + 1000)).toBeUndefined();
  });

  test("calls are counted down while they are in flight", () => {
    const buckets = new Buckets();
    call(buckets, 1);
    const first = slot();
    expect(buckets.reserve(first, NOON)).toBeUndefined();
    expect(buckets.reserve(slot(), NOON)).toMatchObject({ ms: 1000 });
    buckets.learn(first, headers(0), NOON);
    expect(buckets.reserve(slot(), NOON)).toMatchObject({ ms: 1000 });
  });

  test("calls in flight at the reset count for the next window, and others wait for their answers", () => {
    const buckets = new Buckets();
    call(buckets, 2);
    const late = slot();
    buckets.reserve(late, NOON);
    const others = Array.from({ length: 4 }, () => slot());
    for (const other of others) expect(buckets.reserve(other, NOON + 1000)).toBeUndefined();
    const wait = buckets.reserve(slot(), NOON + 1000);
    expect(wait).toMatchObject({ scope: "user", ms: undefined });
    let woken = 0;
    wait?.onChange?.(() => woken++);
    wait?.onChange?.(() => woken++);
    buckets.learn(late, undefined, NOON + 1100);
    expect(woken).toBe(2);
    expect(buckets.reserve(slot(), NOON + 1100)).toBeUndefined();
  });

  test("calls that got no answer may have been counted", () => {
    const buckets = new Buckets();
    call(buckets, 1);
    const lost = slot();
    buckets.reserve(lost, NOON);
    buckets.learn(lost, undefined, NOON);
    expect(buckets.reserve(slot(), NOON)).toMatchObject({ ms: 1000 });
  });

  test("one user's calls never wait for another's", () => {
    const buckets = new Buckets();
    call(buckets, 0);
    expect(buckets.reserve(slot({ subject: "Bearer 2" }), NOON)).toBeUndefined();
    expect(buckets.reserve(slot({ subject: "Bot 1" }), NOON)).toBeUndefined();
  });

  test("calls to one guild never wait for another", () => {
    const buckets = new Buckets();
    call(buckets, 0, { major: "1" });
    expect(buckets.reserve(slot({ major: "2" }), NOON)).toBeUndefined();
    expect(buckets.reserve(slot({ major: "1" }), NOON)).toMatchObject({ ms: 1000 });
  });

  test("calls of an unknown user keep to the limit that the route has for others", () => {
    const buckets = new Buckets();
    call(buckets, 4);
    const subject = "Bearer 2";
    for (let sent = 0; sent < 5; sent++) expect(buckets.reserve(slot({ subject }), NOON)).toBeUndefined();
    expect(buckets.reserve(slot({ subject }), NOON)).toMatchObject({ ms: undefined });
  });
});

test("calls in flight are remembered until they end", () => {
  const buckets = new Buckets();
  call(buckets, 4);
  const subject = "Bearer 2";
  const [lost, ...others] = Array.from({ length: 5 }, () => slot({ subject }));
  for (const sent of [lost, ...others]) buckets.reserve(sent ?? slot(), NOON);
  buckets.learn(lost ?? slot(), undefined, NOON);
  expect(buckets.reserve(slot({ subject }), NOON)).toBeUndefined();
  expect(buckets.reserve(slot({ subject }), NOON)).toBeDefined();
});

describe("buckets", () => {
  const other = { route: "GET /users/@me/connections" };

  test("the routes that name a bucket share it", () => {
    const buckets = new Buckets();
    call(buckets, 3);
    call(buckets, 0, other);
    expect(buckets.reserve(slot(), NOON)).toMatchObject({ ms: 1000 });
    expect(buckets.reserve(slot(other), NOON)).toMatchObject({ ms: 1000 });
  });

  test("routes that name no bucket do not share one", () => {
    const buckets = new Buckets();
    buckets.learn(slot(), headers(0, { bucket: undefined }), NOON);
    buckets.learn(slot(other), headers(3, { bucket: undefined }), NOON);
    expect(buckets.reserve(slot(other), NOON)).toBeUndefined();
    expect(buckets.reserve(slot(), NOON)).toMatchObject({ ms: 1000 });
  });

  test("a bucket includes a call that was counted under the route before its name was known", () => {
    const buckets = new Buckets();
    call(buckets, 4);
    buckets.learn(slot(other), headers(4, { bucket: undefined }), NOON);
    const moved = slot(other);
    buckets.reserve(moved, NOON);
    buckets.learn(moved, headers(0), NOON);
    expect(buckets.reserve(slot(), NOON)).toMatchObject({ ms: 1000 });
  });
});

describe("429 responses", () => {
  test("a 429 holds for its time, whatever the answers to earlier calls say", () => {
    const buckets = new Buckets();
    call(buckets, 4);
    buckets.exhaust(slot(), 60_000, "shared", NOON);
    buckets.learn(slot(), headers(4, { windowEnd: NOON + 5000, resetAt: NOON + 5000 }), NOON + 10);
    expect(buckets.reserve(slot(), NOON + 10_000)).toMatchObject({ scope: "shared", ms: 50_000 });
    expect(buckets.reserve(slot(), NOON + 60_000)).toBeUndefined();
  });

  test("a 429 is forgotten with the first answer after it", () => {
    const buckets = new Buckets();
    buckets.exhaust(slot(), 1000, "shared", NOON);
    const next = slot();
    buckets.reserve(next, NOON + 1000);
    buckets.learn(next, headers(0, { windowEnd: NOON + 2000, resetAt: NOON + 2000 }), NOON + 1000);
    expect(buckets.reserve(slot(), NOON + 1500)).toMatchObject({ scope: "user", ms: 500 });
  });

  test("a 429 of a known route leaves its limit unchanged", () => {
    const buckets = new Buckets();
    call(buckets, 4);
    buckets.exhaust(slot(), 500, "user", NOON);
    for (let sent = 0; sent < 5; sent++) expect(buckets.reserve(slot(), NOON + 500)).toBeUndefined();
    expect(buckets.reserve(slot(), NOON + 500)).toBeDefined();
  });
});

describe("bucket memory", () => {
  function visit(buckets: Buckets, user: number, remaining: number, now = NOON): void {
    const visitor = slot({ subject: `Bearer ${user}` });
    buckets.reserve(visitor, now);
    buckets.learn(visitor, headers(remaining, { resetAt: now + 1000, windowEnd: now + 1000 }), now);
  }

  test("the memory holds users who have used up their calls until they call after the reset", () => {
    const buckets = new Buckets();
    for (let user = 0; user < 5000; user++) visit(buckets, user, 0);
    expect(buckets.size).toBe(5000);
    const visitor = slot({ subject: "Bearer 1" });
    expect(buckets.reserve(visitor, NOON + 1000)).toBeUndefined();
    buckets.learn(visitor, undefined, NOON + 1000);
    expect(buckets.size).toBe(4999);
  });

  test("rate limits are remembered for the users that called last", () => {
    const buckets = new Buckets();
    visit(buckets, 0, 0);
    const patient = slot({ subject: "Bearer patient" });
    buckets.exhaust(patient, 3_600_000, "user", NOON);
    for (let user = 0; user < 9000; user++) visit(buckets, user, 0);
    expect(buckets.reserve(patient, NOON + 30_000)).toMatchObject({ ms: 3_570_000 });
    for (let user = 9000; user < 18_000; user++) visit(buckets, user, 0);
    expect(buckets.reserve(patient, NOON + 30_000)).toMatchObject({ ms: 3_570_000 });
    expect(buckets.size).toBe(10_000);
  });

  test("the memory of a call in flight survives the loss of its bucket", () => {
    const buckets = new Buckets();
    visit(buckets, 0, 4);
    const pushedOut = slot({ subject: "Bearer slow" });
    buckets.reserve(pushedOut, NOON);
    for (let user = 0; user < 20_000; user++) visit(buckets, user, 0);
    buckets.learn(pushedOut, headers(0), NOON);
    expect(buckets.reserve(slot({ subject: "Bearer slow" }), NOON)).toMatchObject({ ms: 1000 });
  });
});

/** A limit as Discord counts it. A window starts with its first call. */
class Window {
  #endsAt = 0;
  #count = 0;

  count(now: number): { readonly isRefused: boolean; readonly said: Omit<RateLimitHeaders, "resetAt"> } {
    if (now >= this.#endsAt) {
      this.#endsAt = now + 1000;
      this.#count = 0;
    }
    this.#count += 1;
    const remaining = Math.max(0, 3 - this.#count);
    return {
      isRefused: this.#count > 3,
      said: { bucket: "abcd1234", limit: 3, remaining, windowEnd: this.#endsAt },
    };
  }
}

test("no call is sent that the headers said would be refused, in whatever order answers arrive", () => {
  const step = fc.record({
    act: fc.constantFrom("send", "arrive", "answer", "lose"),
    which: fc.nat(),
    ms: fc.integer({ min: 0, max: 400 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const buckets = new Buckets(10);
      const window = new Window();
      const inFlight: Slot[] = [];
      const answers: { readonly slot: Slot; readonly said: Omit<RateLimitHeaders, "resetAt"> }[] = [];
      let exhaustedUntil = 0;
      let now = NOON;
      for (const { act, which, ms } of steps) {
        now += ms;
        if (act === "send") {
          const next = slot();
          if (buckets.reserve(next, now) !== undefined) continue;
          expect(now).toBeGreaterThanOrEqual(exhaustedUntil);
          inFlight.push(next);
        } else if (act === "answer" && answers.length > 0) {
          const [{ slot: answered, said } = { slot: slot(), said: undefined }] = answers.splice(
            which % answers.length,
            1,
          );
          if (said === undefined) continue;
          const resetAt = Math.max(now, said.windowEnd);
          buckets.learn(answered, { ...said, resetAt }, now);
          if (said.remaining === 0) exhaustedUntil = Math.max(exhaustedUntil, resetAt);
        } else if (inFlight.length > 0) {
          const [arrived = slot()] = inFlight.splice(which % inFlight.length, 1);
          const { said } = window.count(now);
          if (act === "lose") buckets.learn(arrived, undefined, now);
          else answers.push({ slot: arrived, said });
        }
      }
      for (const { slot: answered } of answers) buckets.learn(answered, undefined, now);
      for (const lost of inFlight) buckets.learn(lost, undefined, now);
      expect(buckets.reserve(slot(), now + 10_000)).toBeUndefined();
    }),
    CASES,
  );
});
