import { setTimeout as delay } from "node:timers/promises";

/** The CommonJS build looks `delay` up at each call. If an app's test mocked timers, logins would hang. */
const realDelay = delay;

const systemClock = {
  now: Date.now,
  sleep: (ms: number, signal?: AbortSignal) => realDelay<void>(ms, undefined, signal ? { signal } : {}),
  elapsed: () => performance.now(),
  startTimer(ms: number, callback: () => void, isBackground = false) {
    const timer = setTimeout(callback, ms);
    if (isBackground) timer.unref();
    return () => clearTimeout(timer);
  },
};

let clock = systemClock;

/** Returns the time in epoch milliseconds. This library reads the time nowhere else. */
export function now(): number {
  return clock.now();
}

let last = 0;
let steady = 0;

/** Like {@link now}, but never goes back: setting the clock back counts as time that passes. For ages of cached values. */
export function steadyNow(): number {
  const time = now();
  steady += Math.abs(time - last);
  last = time;
  return steady;
}

/** Whether `ms` have passed since then. Also true if the clock was set back by as much. */
export function hasPassed(ms: number, since: number): boolean {
  return Math.abs(now() - since) >= ms;
}

/** Waits. @throws the reason of `signal` when it aborts */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/**
 * Calls back after `ms` milliseconds of real time.
 *
 * @param isBackground whether the process may exit before the call
 * @returns a function that cancels the call
 */
export function startTimer(ms: number, callback: () => void, isBackground = false): () => void {
  return clock.startTimer(ms, callback, isBackground);
}

/**
 * Measures real time for deadlines. Setting the clock does not affect it.
 *
 * @returns a function that returns the elapsed milliseconds
 */
export function stopwatch(): () => number {
  const startedAt = clock.elapsed();
  return () => clock.elapsed() - startedAt;
}

/** Replaces the clock in this project's own tests. Without an argument, restores the system clock. */
export function replaceClock(replacement: Partial<typeof systemClock> = {}): void {
  clock = { ...systemClock, ...replacement };
}
