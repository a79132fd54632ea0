/** A map that drops its oldest entry when it is full, so that a simulator can run for days. */
export class BoundedMap<Key, Value> extends Map<Key, Value> {
  readonly #limit: number;
  /** Kept between calls, because a new iterator must skip all gaps that deleted entries left at the front. */
  #oldestFirst: MapIterator<Key> | undefined;
  #setsSinceFull = 0;

  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  override set(key: Key, value: Value): this {
    super.set(key, value);
    if (this.size > this.#limit) {
      this.#setsSinceFull = 0;
      this.#oldestFirst ??= this.keys();
      const oldest = this.#oldestFirst.next();
      if (!oldest.done) this.delete(oldest.value);
    } else {
      this.#setsSinceFull += 1;
      // An unused iterator keeps all former tables of the map in memory.
      if (this.#setsSinceFull > this.#limit) this.#oldestFirst = undefined;
    }
    return this;
  }
}
