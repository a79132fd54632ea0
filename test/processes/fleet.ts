import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Redis } from "ioredis";
import { afterAll, beforeAll, inject, onTestFinished } from "vitest";
import type { DiscordOptions } from "../../src/index.js";
import type { Browser, DiscordSimulator } from "../../src/testing/index.js";
import type { Command, Reply } from "./worker.js";

/** Several processes of one app, on one Redis. */
export interface Fleet {
  /** Where each process serves the app. */
  readonly urls: readonly string[];
  /** A visitor, who begins at the first process. */
  browser(): Browser;
  /** Moves the time in every process and at Discord. */
  advance(ms: number): Promise<void>;
  /** Kills one process; another takes its place from the next test on. */
  kill(index: number): Promise<void>;
  /** Ends the locks that are held, as when their time is over. */
  letLocksExpire(): Promise<void>;
}

/** What the processes of one test are told about the app. */
export interface FleetOptions extends DiscordOptions {
  readonly hasLock: boolean;
}

const REDIRECT_URI = "http://127.0.0.1:3000/callback";

/** Starts processes for all tests of a file; in each test they serve an app of its own, with nothing in memory. */
export function startProcesses(count: number) {
  const processes: ChildProcess[] = [];
  const start = () =>
    fork(new URL("worker.ts", import.meta.url), { execArgv: ["--no-warnings", "--import", "tsx"] });
  beforeAll(() => {
    for (let started = 0; started < count; started += 1) processes.push(start());
  });
  afterAll(() => {
    for (const one of processes) one.kill("SIGKILL");
  });

  return async function startFleet(
    simulator: DiscordSimulator,
    { hasLock, ...options }: FleetOptions,
  ): Promise<Fleet> {
    const redisUrl = inject("services").redisUrl ?? "";
    const prefix = `test-${randomBytes(6).toString("hex")}:`;
    const discord = { ...simulator.options, redirectUri: REDIRECT_URI, ...options };
    const serve: Command = { command: "serve", discord, redisUrl, prefix, hasLock };
    const serving = new Set(processes);
    const urls = await Promise.all(processes.map(async (one) => (await tell(one, serve)).url ?? ""));

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
        await Promise.all([...serving].map((one) => tell(one, { command: "advance", ms })));
      },
      async kill(index) {
        const [killed] = processes.splice(index, 1, start());
        if (!killed) return;
        serving.delete(killed);
        const ended = once(killed, "exit");
        killed.kill("SIGKILL");
        await ended;
      },
      letLocksExpire: () => remove("mutex:*"),
    };
  };
}

async function tell(one: ChildProcess, command: Command): Promise<Reply> {
  const reply = once(one, "message");
  one.send(command);
  return (await reply)[0] as Reply;
}
