import { RedisStore } from "connect-redis";
import { createClient } from "redis";
import { inject, onTestFinished } from "vitest";
import { layLine } from "../cuttable-line.js";
import { randomName } from "./random-name.js";
import type { StoreKind } from "./store-kind.js";

const services = inject("services");

/** Shortens the lifetimes of all keys that match a pattern by this many milliseconds. */
const SHORTEN_LIFETIMES = `
  for _, key in ipairs(redis.call("KEYS", ARGV[1])) do
    local left = redis.call("PTTL", key)
    if left >= 0 then redis.call("PEXPIRE", key, left - ARGV[2]) end
  end
`;

/** On Redis, which has a clock of its own. */
export const REDIS: StoreKind = {
  name: "connect-redis",
  isServed: services.redisUrl !== undefined,
  canGoAway: true,
  async open() {
    const line = await layLine(services.redisUrl ?? "");
    const prefix = `test-${randomName()}:`;
    const client = createClient({
      url: line.url,
      disableOfflineQueue: true,
      socket: { reconnectStrategy: 20 },
    });
    client.on("error", () => undefined);
    await client.connect();
    onTestFinished(async () => {
      const keys = await client.keys(`${prefix}*`);
      if (keys.length > 0) await client.del(keys);
      client.destroy();
    });
    return {
      store: new RedisStore({ client, prefix }),
      keys: async () => (await client.keys(`${prefix}*`)).map((key) => key.slice(prefix.length)),
      lifetimeMs: (key) => client.pTTL(prefix + key),
      catchUp: (ms) => client.eval(SHORTEN_LIFETIMES, { arguments: [`${prefix}*`, String(ms)] }),
      outage: {
        async begin() {
          const broken = new Promise((resolve) => client.once("error", resolve));
          line.cut();
          await broken;
        },
        async end() {
          const ready = new Promise((resolve) => client.once("ready", resolve));
          line.mend();
          await ready;
        },
      },
    };
  },
};
