/** A first-in, first-out queue. Adding and removing items takes constant time. */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  /** Items before this index have been taken. */
  #start = 0;

  get size(): number {
    return this.#items.length - this.#start;
  }

  add(item: Item): void {
    this.#items.push(item);
  }

  /** Removes and returns the oldest item; `undefined` if the queue is empty. */
  take(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#start];
    this.#items[this.#start] = undefined;
    this.#start += 1;
    // Array.shift moves all remaining items. This moves each item at most once on average.
    if (this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return item;
  }

  /** Returns a copy, oldest first. */
  toArray(): Item[] {
    return this.#items.slice(this.#start) as Item[];
  }
}
