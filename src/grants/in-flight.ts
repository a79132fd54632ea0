import { stopwatch } from "../clock.js";
import { startDeadline } from "../deadline.js";

/** Work that outlives those who wait for it: each of them gives up on its own, and the work goes on. */
export class InFlight<T> {
  /** Resolves when the work is over, whatever its outcome. */
  readonly over: Promise<void>;
  readonly #outcome: Promise<T>;
  readonly #patienceMs: number;
  readonly #tooSlow: () => Error;
  readonly #begun: Promise<void>;
  readonly #elapsedMs = stopwatch();
  #beginningAtMs = 0;

  /**
   * @param patienceMs real time, for each request that waits
   * @param tooSlow the error of those whose patience has ended
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
    let cancel = () => {};
    const impatience = new Promise<never>((_, reject) => {
      const arrivedAtMs = this.#elapsedMs();
      const check = () => {
        const leftMs = Math.max(this.#beginningAtMs, arrivedAtMs) + this.#patienceMs - this.#elapsedMs();
        if (leftMs <= 0) reject(this.#tooSlow());
        else cancel = startDeadline(leftMs, check);
      };
      void this.#begun.then(check);
    });
    try {
      return await Promise.race([this.#outcome, impatience]);
    } finally {
      cancel();
    }
  }
}
