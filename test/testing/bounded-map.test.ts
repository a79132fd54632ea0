import { expect, it } from "vitest";
import { boundedMap } from "../../src/testing/bounded-map.js";

it("a full map forgets the entry that was used longest ago", () => {
  const map = boundedMap<{ readonly id: number }>(2);
  map.set("a", { id: 1 }).set("b", { id: 2 });
  map.get("a");
  map.set("c", { id: 3 });
  expect(map.get("b")).toBeUndefined();
  expect(map.get("a")).toEqual({ id: 1 });
  expect(map.get("c")).toEqual({ id: 3 });
});
