/** The clock of the simulated Discord: the system clock, plus the time that a test adds. */
export class SimulatedClock {
  #movedByMs = 0;
  #frozenAt: number | undefined;

  /** Epoch milliseconds. */
  now(): number {
    return Math.floor((this.#frozenAt ?? Date.now()) + this.#movedByMs);
  }

  /**
   * Moves the clock forward. Codes, tokens and rate limit windows that end within `ms` milliseconds then have
   * ended.
   *
   * @throws TypeError unless the new time is one that a `Date` can hold
   */
  advance(ms: number): void {
    if (Number.isNaN(new Date(this.now() + ms).getTime())) {
      throw new TypeError(`clock.advance() takes a number of milliseconds, not ${ms}.`);
    }
    this.#movedByMs += ms;
  }

  /** Stops the clock. Only `advance` moves it then. */
  freeze(): void {
    this.#frozenAt ??= Date.now();
  }
}
