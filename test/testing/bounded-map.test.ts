import { expect, it } from "vitest";
import { BoundedMap } from "../../src/testing/bounded-map.js";

it("a full map forgets its oldest entry, and none when an entry is replaced", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1).set("b", 2).set("a", 3);
  expect([...map]).toEqual([
    ["a", 3],
    ["b", 2],
  ]);
  map.set("c", 4);
  expect([...map.keys()]).toEqual(["b", "c"]);
});

it("a full map forgets in order when entries are deleted and added again in between", () => {
  const map = new BoundedMap<string, number>(3);
  map.set("a", 1).set("b", 1).set("c", 1).set("d", 1);
  map.delete("b");
  map.set("b", 2).set("e", 1);
  expect([...map.keys()]).toEqual(["d", "b", "e"]);
  map.clear();
  for (const key of ["v", "w", "x", "y", "z"]) map.set(key, 1);
  expect([...map.keys()]).toEqual(["x", "y", "z"]);
});

it("a map that was not full for long forgets its oldest entry", () => {
  const map = new BoundedMap<number, string>(2);
  for (let key = 0; key < 3; key += 1) map.set(key, "");
  for (let key = 3; key < 9; key += 1) {
    map.delete(key - 2);
    map.set(key, "");
  }
  map.set(9, "");
  expect([...map.keys()]).toEqual([8, 9]);
});

it("a full map of 100,000 takes the next entry as fast as one of 100", () => {
  const [small, large] = [new BoundedMap<number, number>(100), new BoundedMap<number, number>(100_000)];
  let key = 0;
  const millisecondsFor = (map: BoundedMap<number, number>, count: number) => {
    const start = performance.now();
    for (let added = 0; added < count; added += 1) map.set(key++, 0);
    return performance.now() - start;
  };
  millisecondsFor(large, 100_000);
  expect(millisecondsFor(large, 150_000)).toBeLessThan(10 * millisecondsFor(small, 150_000));
});
