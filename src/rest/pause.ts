import { now, sleep } from "../clock.js";
import type { Wait } from "./rate-limits.js";

/**
 * Waits until the time has come, an answer has changed what is known, or `signal` aborts.
 *
 * @returns the milliseconds it took
 */
export async function pause({ ms, onChange }: Wait, signal: AbortSignal | undefined): Promise<number> {
  const startedAt = now();
  const waking = new AbortController();
  const wake = () => waking.abort();
  onChange?.(wake);
  signal?.addEventListener("abort", wake);
  try {
    if (ms === undefined) await once(waking.signal);
    else await sleep(ms, waking.signal);
  } catch (error) {
    if (!waking.signal.aborted) throw error;
  } finally {
    signal?.removeEventListener("abort", wake);
  }
  return ms === undefined || waking.signal.aborted ? now() - startedAt : ms;
}

function once(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
