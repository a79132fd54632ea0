import type { Lock } from "express-discord";
import type { Redis } from "ioredis";
import { Mutex } from "redis-semaphore";

/** Lets one process at a time run a task, by a key in Redis. */
export function redisLock(redis: Redis): Lock {
  return async (key, task) => {
    const mutex = new Mutex(redis, key, {
      lockTimeout: 15_000, // longer than twice `timeoutMs`
      acquireTimeout: 10_000,
      retryInterval: 20,
      refreshInterval: 0, // a lock that expires does no harm, an error in a timer does
    });
    await mutex.acquire();
    try {
      await task();
    } finally {
      await mutex.release();
    }
  };
}
