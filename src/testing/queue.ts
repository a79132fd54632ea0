/** First in, first out. Adding and taking cost the same however many items wait. */
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

  /** The oldest item; undefined when there is none. */
  take(): Item | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#start];
    this.#items[this.#start] = undefined;
    this.#start += 1;
    // Array.shift moves every item that is left. This moves each item once at most, on average.
    if (this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return item;
  }

  /** A copy, oldest first. */
  toArray(): Item[] {
    return this.#items.slice(this.#start) as Item[];
  }
}
