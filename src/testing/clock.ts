/** The time at the simulated Discord: the system's, moved by whatever a test adds. */
export class SimulatedClock {
  #movedByMs = 0;
  #frozenAt: number | undefined;

  /** Epoch milliseconds. */
  now(): number {
    return (this.#frozenAt ?? Date.now()) + this.#movedByMs;
  }

  /** Moves the time. Codes, tokens and rate-limit windows that end within `ms` milliseconds have ended. */
  advance(ms: number): void {
    this.#movedByMs += ms;
  }

  /** From now on the time moves only by `advance`. */
  freeze(): void {
    this.#frozenAt ??= Date.now();
  }
}
