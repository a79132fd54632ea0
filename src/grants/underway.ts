import { setTimeout as delay } from "node:timers/promises";

/** Work that outlives those who wait for it: each of them gives up by itself, and the work goes on. */
export class Underway<T> {
  readonly #outcome: Promise<T>;
  readonly #patienceMs: number;
  readonly #tooSlow: () => Error;
  readonly #begun: Promise<void>;

  /**
   * @param patienceMs real time, for each who waits
   * @param tooSlow what those are told whose patience has ended
   * @param work calls `begun` when the part begins that patience is for
   */
  constructor(patienceMs: number, tooSlow: () => Error, work: (begun: () => void) => Promise<T>) {
    this.#patienceMs = patienceMs;
    this.#tooSlow = tooSlow;
    let begin = () => {};
    this.#begun = new Promise((resolve) => {
      begin = resolve;
    });
    this.#outcome = work(begin);
    this.#outcome.catch(() => undefined);
  }

  /** @throws what the work rejects with, or that it is too slow */
  async wait(): Promise<T> {
    const over = new AbortController();
    const impatient = this.#begun
      .then(() => delay(this.#patienceMs, undefined, { signal: over.signal }))
      .then(() => {
        throw this.#tooSlow();
      });
    try {
      return await Promise.race([this.#outcome, impatient]);
    } finally {
      over.abort();
    }
  }
}
