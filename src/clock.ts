import { setTimeout as delay } from "node:timers/promises";

interface Clock {
  readonly now: () => number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly elapsed: () => number;
  readonly startTimer: (ms: number, callback: () => void, isBackground?: boolean) => () => void;
}

const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
  elapsed: () => performance.now(),
  startTimer(ms, callback, isBackground) {
    const timer = setTimeout(callback, ms);
    if (isBackground) timer.unref();
    return () => clearTimeout(timer);
  },
};

let clock = systemClock;

/** Epoch milliseconds: the only place where this library reads the time. */
export function now(): number {
  return clock.now();
}

/** Whether so much time has passed since then, or the clock was set: nobody waits for it to catch up. */
export function hasPassed(ms: number, since: number): boolean {
  return Math.abs(now() - since) >= ms;
}

/** Waits; rejects with the reason of `signal` when it aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/**
 * Calls back after so many milliseconds of real time.
 *
 * @param isBackground whether the process may end before
 * @returns cancels the call
 */
export function startTimer(ms: number, callback: () => void, isBackground = false): () => void {
  return clock.startTimer(ms, callback, isBackground);
}

/**
 * Counts the milliseconds that pass for real, as deadlines need them: they do not move with the clock.
 *
 * @returns reads it
 */
export function stopwatch(): () => number {
  const startedAt = clock.elapsed();
  return () => clock.elapsed() - startedAt;
}

/** For this project's own tests: moves the time. Without an argument, back to the system's clock. */
export function replaceClock(replacement: Partial<Clock> = {}): void {
  clock = { ...systemClock, ...replacement };
}
