import { expect, it } from "vitest";
import { Queue } from "../../src/testing/queue.js";

it("a queue returns its items in order, even while others are added", () => {
  const queue = new Queue<number>();
  const taken: (number | undefined)[] = [];
  for (let item = 0; item < 100; item += 2) {
    queue.add(item);
    queue.add(item + 1);
    taken.push(queue.take());
  }
  expect(taken).toEqual(Array.from({ length: 50 }, (_, item) => item));
  expect(queue.size).toBe(50);
  expect(queue.toArray()).toEqual(Array.from({ length: 50 }, (_, item) => 50 + item));
});

it("an empty queue returns nothing", () => {
  const queue = new Queue<string>();
  expect(queue.take()).toBeUndefined();
  queue.add("a");
  expect(queue.take()).toBe("a");
  expect(queue.take()).toBeUndefined();
  expect(queue.size).toBe(0);
});
