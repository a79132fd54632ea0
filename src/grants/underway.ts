import { setTimeout as delay } from "node:timers/promises";
import { stopwatch } from "../clock.js";

/** Work that outlives those who wait for it: each of them gives up by itself, and the work goes on. */
export class Underway<T> {
  /** Resolves when the work is over, whatever came of it. */
  readonly over: Promise<void>;
  readonly #outcome: Promise<T>;
  readonly #patienceMs: number;
  readonly #tooSlow: () => Error;
  readonly #begun: Promise<void>;
  readonly #elapsedMs = stopwatch();
  #beginningAtMs = 0;

  /**
   * @param patienceMs real time, for each who waits
   * @param tooSlow what those are told whose patience has ended
   * @param work calls `beginning` whenever the part begins, in so many milliseconds, that patience is for
   */
  constructor(
    patienceMs: number,
    tooSlow: () => Error,
    work: (beginning: (inMs: number) => void) => Promise<T>,
  ) {
    this.#patienceMs = patienceMs;
    this.#tooSlow = tooSlow;
    let begin = () => {};
    this.#begun = new Promise((resolve) => {
      begin = resolve;
    });
    this.#outcome = work((inMs) => {
      this.#beginningAtMs = this.#elapsedMs() + inMs;
      begin();
    });
    const nothing = () => undefined;
    this.over = this.#outcome.then(nothing, nothing);
  }

  /** @throws what the work rejects with, or that it is too slow */
  async wait(): Promise<T> {
    const over = new AbortController();
    try {
      return await Promise.race([this.#outcome, this.#impatience(over.signal)]);
    } finally {
      over.abort();
    }
  }

  async #impatience(over: AbortSignal): Promise<never> {
    const arrivedAtMs = this.#elapsedMs();
    await this.#begun;
    for (;;) {
      const sinceMs = Math.max(this.#beginningAtMs, arrivedAtMs);
      const leftMs = sinceMs + this.#patienceMs - this.#elapsedMs();
      if (leftMs <= 0) throw this.#tooSlow();
      await delay(leftMs, undefined, { signal: over });
    }
  }
}
