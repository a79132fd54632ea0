import { randomInt } from "node:crypto";

const DISCORD_EPOCH = 1_420_070_400_000n;

/** Whether a text is a valid id: 1 to 20 digits that fit into 64 bits. */
export function isSnowflake(text: string): boolean {
  return /^\d{1,20}$/.test(text) && BigInt(text) < 1n << 64n;
}

/** Returns an id that a test or a seed gives. @throws TypeError unless it is a valid one */
export function checkedId(id: unknown): string {
  if (typeof id === "string" && isSnowflake(id)) return id;
  const shown = typeof id === "bigint" ? id : JSON.stringify(id);
  throw new TypeError(`${shown} is not an id: ids are strings of up to 20 digits.`);
}

/** Reads an id in a JSON body, which may be a string or a number. */
export function readSnowflake(value: unknown): string | undefined {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && isSnowflake(text) ? text : undefined;
}

/** Compares ids as numbers, which orders them by age. */
export function compareSnowflakes(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Creates unique ids that contain their creation time. */
export class SnowflakeSequence {
  /** Distinguishes ids that two simulators create in the same millisecond. */
  readonly #offset = BigInt(randomInt(1 << 22));
  #last = 0n;

  next(nowMs: number): string {
    const fromTime = ((BigInt(nowMs) - DISCORD_EPOCH) << 22n) | this.#offset;
    this.#last = fromTime > this.#last ? fromTime : this.#last + 1n;
    return this.#last.toString();
  }
}
