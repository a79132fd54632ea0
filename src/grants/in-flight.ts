import { stopwatch } from "../clock.js";
import { startDeadline } from "../deadline.js";

/** Work that continues after its callers time out. Each caller has its own deadline. */
export class InFlight<T> {
  /** Resolves when the work has succeeded or failed. */
  readonly over: Promise<void>;
  readonly #outcome: Promise<T>;
  readonly #patienceMs: number;
  readonly #tooSlow: () => Error;
  readonly #begun: Promise<void>;
  readonly #elapsedMs = stopwatch();
  #beginningAtMs = 0;

  /**
   * @param patienceMs how long each caller waits, in real time
   * @param tooSlow makes the error for callers that time out
   * @param work calls `beginning` with the milliseconds until the timed part begins; no caller times out before that
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

  /** Waits for the result. @throws the error of the work, or `tooSlow()` after the caller's deadline */
  async wait(): Promise<T> {
    let cancel = () => {};
    const timeout = new Promise<never>((_, reject) => {
      const arrivedAtMs = this.#elapsedMs();
      const check = () => {
        const leftMs = Math.max(this.#beginningAtMs, arrivedAtMs) + this.#patienceMs - this.#elapsedMs();
        if (leftMs <= 0) reject(this.#tooSlow());
        else cancel = startDeadline(leftMs, check);
      };
      void this.#begun.then(check);
    });
    try {
      return await Promise.race([this.#outcome, timeout]);
    } finally {
      cancel();
    }
  }
}
