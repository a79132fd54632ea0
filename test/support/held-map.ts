import type { TokenStore } from "../../src/index.js";

/** A held use of the store. */
export interface Held {
  /** Resolves when the use has reached the store. */
  readonly begun: Promise<void>;
  release(): void;
}

interface Gate extends Held {
  readonly action: "get" | "set";
  begin(): void;
  readonly opened: Promise<void>;
}

/** A token store whose answers can be held, and which can fail. */
export class HeldMap implements TokenStore {
  readonly entries = new Map<string, string>();
  /** How long each entry may be kept, in milliseconds. */
  readonly lifetimes = new Map<string, number>();
  /** Uses for which this is true fail, without effect. */
  fails: (action: "get" | "set" | "delete", key: string) => boolean = () => false;
  readonly #gates: Gate[] = [];

  /** Holds the next such use: a `get` after it has read, a `set` before it takes effect. */
  hold(action: "get" | "set"): Held {
    let begin = () => {};
    let release = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const opened = new Promise<void>((resolve) => {
      release = resolve;
    });
    const gate = { action, begun, opened, begin: () => begin(), release: () => release() };
    this.#gates.push(gate);
    return gate;
  }

  async get(key: string): Promise<string | undefined> {
    this.#requireOrder("get", key);
    const value = this.entries.get(key);
    await this.#pass("get");
    return value;
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    await this.#pass("set");
    this.#requireOrder("set", key);
    this.entries.set(key, value);
    this.lifetimes.set(key, ttlMs);
  }

  async delete(key: string): Promise<void> {
    this.#requireOrder("delete", key);
    this.entries.delete(key);
  }

  #requireOrder(action: "get" | "set" | "delete", key: string): void {
    if (this.fails(action, key)) throw new Error("The store is out of order.");
  }

  async #pass(action: "get" | "set"): Promise<void> {
    const index = this.#gates.findIndex((gate) => gate.action === action);
    if (index < 0) return;
    const [gate] = this.#gates.splice(index, 1);
    gate?.begin();
    await gate?.opened;
  }
}
