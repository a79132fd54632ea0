import { LRUCache } from "lru-cache";
import { steadyNow } from "./clock.js";

/**
 * Creates a cache that keeps the `max` entries used last.
 *
 * It counts them as sizes: for its own option `max`, lru-cache allocates all entries at once, which takes milliseconds.
 *
 * @param ttlMs milliseconds after which an entry is forgotten. Default: never
 */
export function boundedCache<Value extends object | string | number | boolean>(
  max: number,
  ttlMs = 0,
): LRUCache<string, Value> {
  return new LRUCache<string, Value>({
    maxSize: max,
    sizeCalculation: () => 1,
    ttl: ttlMs,
    ttlResolution: 0,
    perf: { now: steadyNow },
  });
}
