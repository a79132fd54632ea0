import { LRUCache } from "lru-cache";
import { describe, expect, it } from "vitest";
import { LoadingCache } from "../../../src/users/loading-cache.js";
import { movableClock } from "../../support/clock.js";

interface Value {
  readonly name: string;
}

function start() {
  const clock = movableClock();
  const cache = new LRUCache<string, Value>({ max: 100 });
  const answers: ((value: Value | Error) => void)[] = [];
  const load = () =>
    new Promise<Value>((resolve, reject) =>
      answers.push((value) => (value instanceof Error ? reject(value) : resolve(value))),
    );
  return { clock, cache, cached: new LoadingCache(cache), answers, load };
}

describe("cached values", () => {
  it("a value is loaded once, however many callers want it", async () => {
    const { cached, answers, load } = start();
    const wanted = [1, 2, 3].map(() => cached.fetch("a", {}, load));
    answers[0]?.({ name: "one" });
    expect(await Promise.all(wanted)).toEqual([{ name: "one" }, { name: "one" }, { name: "one" }]);
    expect(await cached.fetch("a", {}, load)).toEqual({ name: "one" });
    expect(answers).toHaveLength(1);
  });

  it("each key of the cache has its own value", async () => {
    const { cached, answers, load } = start();
    const wanted = ["a", "b"].map((key) => cached.fetch(key, {}, load));
    answers[1]?.({ name: "b" });
    answers[0]?.({ name: "a" });
    expect(await Promise.all(wanted)).toEqual([{ name: "a" }, { name: "b" }]);
  });

  it("a value is loaded again if it must be fresh or is too old", async () => {
    const { clock, cached, load, answers } = start();
    const fetch = async (options: { fresh?: boolean; maxAgeMs?: number }) => {
      const wanted = cached.fetch("a", options, load);
      answers.pop()?.({ name: String(clock.now()) });
      return wanted;
    };
    const first = await fetch({});
    clock.advance(10_000);
    expect(await fetch({ maxAgeMs: 11_000 })).toBe(first);
    expect(await fetch({})).toBe(first);
    const second = await fetch({ maxAgeMs: 9000 });
    expect(second).not.toBe(first);
    expect(await fetch({ maxAgeMs: 9000 })).toBe(second);
    const third = await fetch({ fresh: true });
    expect(third).not.toBe(second);
    expect(await fetch({})).toBe(third);
  });

  it.each([{ fresh: true }, { maxAgeMs: 0 }])(
    "a new value does not come from a load that began earlier: %o",
    async (options) => {
      const { cached, answers, load } = start();
      const early = cached.fetch("a", {}, load);
      const late = cached.fetch("a", options, load);
      answers[0]?.({ name: "early" });
      answers[1]?.({ name: "late" });
      expect([await early, await late]).toEqual([{ name: "early" }, { name: "late" }]);
      expect(await cached.fetch("a", options, async () => ({ name: "later" }))).toEqual({ name: "later" });
    },
  );

  it("a fetch joins a load in flight if it began recently enough", async () => {
    const { clock, cached, answers, load } = start();
    const early = cached.fetch("a", {}, load);
    clock.advance(5000);
    const young = cached.fetch("a", { maxAgeMs: 6000 }, load);
    const old = cached.fetch("a", { maxAgeMs: 5000 }, load);
    for (const [index, name] of ["first", "second"].entries()) answers[index]?.({ name });
    expect((await Promise.all([early, young, old])).map(({ name }) => name)).toEqual([
      "first",
      "first",
      "second",
    ]);
  });

  it("a value is as old as its request, however late the answer came", async () => {
    const { clock, cached, answers, load } = start();
    const slow = cached.fetch("a", {}, load);
    clock.advance(10_000);
    answers[0]?.({ name: "slow" });
    await slow;
    expect(await cached.fetch("a", { maxAgeMs: 20_000 }, load)).toEqual({ name: "slow" });
    const next = cached.fetch("a", { maxAgeMs: 10_000 }, load);
    answers[1]?.({ name: "next" });
    expect(await next).toEqual({ name: "next" });
  });

  it("the value requested last is kept, in whatever order the answers come", async () => {
    const { cached, answers, load } = start();
    const both = [cached.fetch("a", {}, load), cached.fetch("a", { fresh: true }, load)];
    answers[1]?.({ name: "asked last" });
    await both[1];
    answers[0]?.({ name: "asked first" });
    await both[0];
    expect(await cached.fetch("a", {}, load)).toEqual({ name: "asked last" });
  });

  it("a cached value does not get younger if the clock is set back", async () => {
    const { clock, cached, load, answers } = start();
    const fetch = async () => {
      const wanted = cached.fetch("a", { maxAgeMs: 60_000 }, load);
      answers.pop()?.({ name: "loaded" });
      return wanted;
    };
    const first = await fetch();
    clock.advance(50_000);
    expect(await fetch()).toBe(first);
    clock.advance(-50_000);
    expect(await fetch()).not.toBe(first);
  });

  it("a value that the app has put into the cache has no known age, and is too old for any limit", async () => {
    const { cache, cached, load, answers } = start();
    const own = { name: "the app's" };
    cache.set("a", own);
    expect(await cached.fetch("a", {}, load)).toBe(own);
    const limited = cached.fetch("a", { maxAgeMs: 1e15 }, load);
    answers[0]?.({ name: "loaded" });
    expect(await limited).toEqual({ name: "loaded" });
  });

  it("a failed load reaches all its callers, and the next one loads again", async () => {
    const { cached, answers, load } = start();
    const wanted = [1, 2].map(() => cached.fetch("a", {}, load).catch((error: Error) => error.message));
    answers[0]?.(new Error("Discord is down."));
    expect(await Promise.all(wanted)).toEqual(["Discord is down.", "Discord is down."]);
    const next = cached.fetch("a", {}, load);
    answers[1]?.({ name: "next" });
    expect(await next).toEqual({ name: "next" });
  });

  it("values are forgotten by the beginning of their key, including those being loaded", async () => {
    const { cache, cached, answers, load } = start();
    const [first, second, other] = ["a 1", "a 2", "b"].map((key) => cached.fetch(key, {}, load));
    answers[0]?.({ name: "first" });
    answers[2]?.({ name: "other" });
    await Promise.all([first, other]);
    cached.forget("a");
    answers[1]?.({ name: "second" });

    expect(await second).toEqual({ name: "second" });
    expect([...cache.keys()]).toEqual(["b"]);
  });

  it("a value loaded after forgetting stays, whatever arrives late", async () => {
    const { cached, answers, load } = start();
    const early = cached.fetch("a", {}, load);
    cached.forget("a");
    const late = cached.fetch("a", {}, load);
    answers[1]?.({ name: "new" });
    await late;
    answers[0]?.({ name: "old" });
    await early;
    expect(await cached.fetch("a", {}, load)).toEqual({ name: "new" });
    expect(answers).toHaveLength(2);
  });

  it("a forgotten load that fails leads to one more load for all who come meanwhile", async () => {
    const { cached, answers, load } = start();
    const early = cached.fetch("a", {}, load).catch(() => "failed");
    cached.forget("a");
    const late = cached.fetch("a", {}, load);
    answers[0]?.(new Error("too late"));
    expect(await early).toBe("failed");
    const joined = cached.fetch("a", {}, load);
    answers[1]?.({ name: "new" });
    expect(await Promise.all([late, joined])).toEqual([{ name: "new" }, { name: "new" }]);
    expect(answers).toHaveLength(2);
  });
});
