/** A value that is loaded when it is first needed. After a failure, the next call loads again. */
export class Lazy<T> {
  readonly #load: () => Promise<T>;
  #value: Promise<T> | undefined;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  get(): Promise<T> {
    if (this.#value !== undefined) return this.#value;
    const value = this.#load().catch((error: unknown) => {
      if (this.#value === value) this.#value = undefined;
      throw error;
    });
    this.#value = value;
    return value;
  }

  /** Forgets the value; the next call loads another. @returns what was loaded, if anything was */
  async take(): Promise<T | undefined> {
    const value = this.#value;
    this.#value = undefined;
    return value?.catch(() => undefined);
  }
}
