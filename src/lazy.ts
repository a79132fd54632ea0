/** A value that is loaded on first use. After a failure, the next use loads it again. */
export class Lazy<T> {
  readonly #load: () => Promise<T>;
  #value: Promise<T> | undefined;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  get(): Promise<T> {
    if (this.#value !== undefined) return this.#value;
    const value = this.#load().catch((error: unknown) => {
      // After take(), a later use may have begun to load it again.
      if (this.#value === value) this.#value = undefined;
      throw error;
    });
    this.#value = value;
    return value;
  }

  /** Removes the value, so that the next use loads it again. @returns the removed value, if it was loaded */
  async take(): Promise<T | undefined> {
    const value = this.#value;
    this.#value = undefined;
    return value?.catch(() => undefined);
  }
}
