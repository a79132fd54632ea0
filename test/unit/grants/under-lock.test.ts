import { describe, expect, it } from "vitest";
import { underLock } from "../../../src/grants/under-lock.js";
import type { Lock } from "../../../src/options.js";

const LONG_MS = 60_000;

/** A task that counts its runs. */
function countedTask() {
  let count = 0;
  const task = async () => {
    count += 1;
    return `run ${count}`;
  };
  return { task, count: () => count };
}

describe("tasks under a lock", () => {
  it("a task under a lock gives its own outcome, and locks its key", async () => {
    const keys: string[] = [];
    const lock: Lock = (key, task) => {
      keys.push(key);
      return task();
    };
    expect(await underLock({ lock, timeoutMs: LONG_MS }, "a key", countedTask().task)).toBe("run 1");
    const failing = underLock({ lock, timeoutMs: LONG_MS }, "a key", () =>
      Promise.reject(new Error("Discord is down.")),
    );
    await expect(failing).rejects.toThrow("Discord is down.");
    expect(keys).toEqual(["a key", "a key"]);
  });

  it("a task runs once, even if the lock runs it twice", async () => {
    const { task, count } = countedTask();
    const lock: Lock = async (_key, run) => {
      await run();
      await run();
    };
    expect(await underLock({ lock, timeoutMs: LONG_MS }, "a key", task)).toBe("run 1");
    expect(count()).toBe(1);
  });

  it.each<readonly [string, Lock]>([
    ["is never released", (_key, run) => run().then(() => new Promise(() => undefined))],
    ["fails afterwards", async (_key, run) => run().then(() => Promise.reject(new Error("It had expired.")))],
    ["swallows its outcome", async (_key, run) => void (await run().catch(() => undefined))],
  ])("a task's outcome counts if the lock %s", async (_what, lock) => {
    expect(await underLock({ lock, timeoutMs: LONG_MS }, "a key", countedTask().task)).toBe("run 1");
    const failing = underLock({ lock, timeoutMs: LONG_MS }, "a key", () =>
      Promise.reject(new Error("Discord is down.")),
    );
    await expect(failing).rejects.toThrow("Discord is down.");
  });

  it.each<readonly [string, Lock]>([
    ["rejects", () => Promise.reject(new Error("Its server is gone."))],
    [
      "throws",
      () => {
        throw new Error("Its server is gone.");
      },
    ],
    ["resolves without having run it", async () => undefined],
  ])("a task has failed if the lock %s", async (_what, lock) => {
    const { task, count } = countedTask();
    const error = await underLock({ lock, timeoutMs: LONG_MS }, "a key", task).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "lock_failed", status: 503, cause: expect.any(Error) });
    expect(count()).toBe(0);
  });

  it("a lock that this process notices late, because it was frozen, still runs its task", async () => {
    const lock: Lock = (_key, run) => new Promise((resolve) => setTimeout(resolve, 150)).then(run);
    const running = underLock({ lock, timeoutMs: 5 }, "a key", countedTask().task);
    const until = performance.now() + 120;
    while (performance.now() < until);
    expect(await running).toBe("run 1");
  });

  it("a task has failed if the lock takes too long, and never runs after that", async () => {
    const { task, count } = countedTask();
    let runLate: () => Promise<void> = async () => undefined;
    const lock: Lock = (_key, run) => {
      runLate = run;
      return new Promise(() => undefined);
    };
    await expect(underLock({ lock, timeoutMs: 2 }, "a key", task)).rejects.toMatchObject({
      code: "lock_failed",
    });
    await expect(runLate()).rejects.toThrow(/too late/);
    expect(count()).toBe(0);
  });
});
