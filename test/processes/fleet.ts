import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, beforeAll, inject, onTestFinished } from "vitest";
import type { DiscordOptions } from "../../src/index.js";
import type { Browser, DiscordSimulator } from "../../src/testing/index.js";
import type { LockKind } from "./worker.js";
import { Worker } from "./worker-process.js";

/** Several processes of one app, on one Redis. */
export interface Fleet {
  /** The URL of the app in each process. */
  readonly urls: readonly string[];
  /** A visitor who starts at the first process. */
  browser(): Browser;
  /** Moves the time in every process and at Discord. */
  advance(ms: number): Promise<void>;
  /** Kills one process. The next test starts another in its place. */
  kill(index: number): Promise<void>;
  /** Ends all locks, as if they had expired. */
  letLocksExpire(): Promise<void>;
}

const REDIRECT_URI = "http://127.0.0.1:3000/callback";
const START_MS = 60_000;

/** Starts processes for all tests of a file. In each test they serve an app of its own, with nothing in memory. */
export function startProcesses(count: number) {
  const workers: Worker[] = [];
  beforeAll(async () => {
    for (let started = 0; started < count; started += 1) workers.push(new Worker());
    await Promise.all(workers.map(({ ready }) => ready));
  }, START_MS);
  afterAll(() => Promise.all(workers.map((worker) => worker.kill())));

  return async function startFleet(
    simulator: DiscordSimulator,
    lock: LockKind,
    options: DiscordOptions = {},
  ): Promise<Fleet> {
    const redisUrl = inject("services").redisUrl ?? "";
    const prefix = `test-${randomBytes(6).toString("hex")}:`;
    const discord = { ...simulator.options, redirectUri: REDIRECT_URI, ...options };
    simulator.addRedirectUri(REDIRECT_URI);
    const serving = new Set(workers);
    const replies = await Promise.all(
      workers.map((worker) =>
        worker.tell({ name: "serve", discord, redisUrl, prefix, lock, publicKey: simulator.publicKey }),
      ),
    );
    const urls = replies.map(({ url = "" }) => url);

    const redis = new Redis(redisUrl);
    const remove = async (pattern: string) => {
      const keys = await redis.keys(prefix + pattern);
      if (keys.length > 0) await redis.del(keys);
    };
    onTestFinished(async () => {
      await remove("*");
      redis.disconnect();
    });
    return {
      urls,
      browser: () => simulator.browser(urls[0] ?? ""),
      async advance(ms) {
        simulator.clock.advance(ms);
        await Promise.all([...serving].map((worker) => worker.tell({ name: "advance", ms })));
      },
      async kill(index) {
        const [killed] = workers.splice(index, 1, new Worker());
        if (killed) serving.delete(killed);
        await killed?.kill();
      },
      letLocksExpire: () => remove("mutex:*"),
    };
  };
}
