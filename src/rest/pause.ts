import { setTimeout as delay } from "node:timers/promises";
import { now, sleep, stopwatch } from "../clock.js";
import type { Wait } from "./rate-limits.js";

/**
 * Waits until the time has come, an answer has changed what is known, or `signal` aborts.
 *
 * @param mostMs real time, where it is not known when the time comes
 * @returns the milliseconds it took
 */
export async function pause(
  { ms, onChange }: Wait,
  mostMs: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const startedAt = now();
  const elapsedMs = stopwatch();
  const waking = new AbortController();
  const wake = () => waking.abort();
  onChange?.(wake);
  signal?.addEventListener("abort", wake);
  try {
    if (ms === undefined) await delay(mostMs, undefined, { signal: waking.signal });
    else await sleep(ms, waking.signal);
  } catch (error) {
    if (!waking.signal.aborted) throw error;
  } finally {
    signal?.removeEventListener("abort", wake);
  }
  if (ms === undefined) return elapsedMs();
  return waking.signal.aborted ? now() - startedAt : ms;
}
