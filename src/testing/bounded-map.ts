import { LRUCache } from "lru-cache";

/** Creates a map that keeps the `limit` entries used last, so that a simulator can run for days. */
export function boundedMap<Value extends object>(limit: number): LRUCache<string, Value> {
  // As sizes: for its option `max`, lru-cache allocates all entries at once.
  return new LRUCache<string, Value>({ maxSize: limit, sizeCalculation: () => 1 });
}
