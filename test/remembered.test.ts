import { LRUCache } from "lru-cache";
import { describe, expect, it } from "vitest";
import { Remembered } from "../src/users/remembered.js";
import { movableClock } from "./support/clock.js";

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
  return { clock, cache, remembered: new Remembered(cache), answers, load };
}

describe("what is remembered", () => {
  it("is loaded once, however many want it", async () => {
    const { remembered, answers, load } = start();
    const wanted = [1, 2, 3].map(() => remembered.fetch("a", {}, load));
    answers[0]?.({ name: "one" });
    expect(await Promise.all(wanted)).toEqual([{ name: "one" }, { name: "one" }, { name: "one" }]);
    expect(await remembered.fetch("a", {}, load)).toEqual({ name: "one" });
    expect(answers).toHaveLength(1);
  });

  it("is another for each key", async () => {
    const { remembered, answers, load } = start();
    const wanted = ["a", "b"].map((key) => remembered.fetch(key, {}, load));
    answers[1]?.({ name: "b" });
    answers[0]?.({ name: "a" });
    expect(await Promise.all(wanted)).toEqual([{ name: "a" }, { name: "b" }]);
  });

  it("is loaded again when it must be fresh or is too old", async () => {
    const { clock, remembered, load, answers } = start();
    const fetch = async (options: { fresh?: boolean; maxAgeMs?: number }) => {
      const wanted = remembered.fetch("a", options, load);
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

  it("is of unknown age when the app has put it there, and too old for any limit", async () => {
    const { cache, remembered, load, answers } = start();
    const own = { name: "the app's" };
    cache.set("a", own);
    expect(await remembered.fetch("a", {}, load)).toBe(own);
    const limited = remembered.fetch("a", { maxAgeMs: 1e15 }, load);
    answers[0]?.({ name: "loaded" });
    expect(await limited).toEqual({ name: "loaded" });
  });

  it("is no failure: all who wanted it get that, and the next one loads again", async () => {
    const { remembered, answers, load } = start();
    const wanted = [1, 2].map(() => remembered.fetch("a", {}, load).catch((error: Error) => error.message));
    answers[0]?.(new Error("Discord is down."));
    expect(await Promise.all(wanted)).toEqual(["Discord is down.", "Discord is down."]);
    const next = remembered.fetch("a", {}, load);
    answers[1]?.({ name: "next" });
    expect(await next).toEqual({ name: "next" });
  });

  it("is forgotten by the beginning of its key, also what is still on its way", async () => {
    const { cache, remembered, answers, load } = start();
    const [first, second, other] = ["a 1", "a 2", "b"].map((key) => remembered.fetch(key, {}, load));
    answers[0]?.({ name: "first" });
    answers[2]?.({ name: "other" });
    await Promise.all([first, other]);
    remembered.forget("a");
    answers[1]?.({ name: "second" });

    expect(await second).toEqual({ name: "second" });
    expect([...cache.keys()]).toEqual(["b"]);
  });

  it("is what was loaded after the forgetting, whatever comes late", async () => {
    const { remembered, answers, load } = start();
    const early = remembered.fetch("a", {}, load);
    remembered.forget("a");
    const late = remembered.fetch("a", {}, load);
    answers[1]?.({ name: "new" });
    await late;
    answers[0]?.({ name: "old" });
    await early;
    expect(await remembered.fetch("a", {}, load)).toEqual({ name: "new" });
    expect(answers).toHaveLength(2);
  });

  it("is loaded once more by those who come while a forgotten one fails", async () => {
    const { remembered, answers, load } = start();
    const early = remembered.fetch("a", {}, load).catch(() => "failed");
    remembered.forget("a");
    const late = remembered.fetch("a", {}, load);
    answers[0]?.(new Error("too late"));
    expect(await early).toBe("failed");
    const joined = remembered.fetch("a", {}, load);
    answers[1]?.({ name: "new" });
    expect(await Promise.all([late, joined])).toEqual([{ name: "new" }, { name: "new" }]);
    expect(answers).toHaveLength(2);
  });
});
