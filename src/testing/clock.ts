/** The clock of the simulated Discord: the system clock, plus the time that a test adds. */
export class SimulatedClock {
  #movedByMs = 0;
  #frozenAt: number | undefined;

  /** Epoch milliseconds. */
  now(): number {
    return (this.#frozenAt ?? Date.now()) + this.#movedByMs;
  }

  /**
   * Moves the clock forward. Codes, tokens and rate limit windows that end within `ms` milliseconds then have
   * ended.
   */
  advance(ms: number): void {
    this.#movedByMs += ms;
  }

  /** Stops the clock. Only `advance` moves it then. */
  freeze(): void {
    this.#frozenAt ??= Date.now();
  }
}
