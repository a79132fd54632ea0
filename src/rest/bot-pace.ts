import type { Wait } from "./rate-limits.js";

const WINDOW_MS = 1000;

/**
 * Spreads calls of the bot, because Discord allows a bot 50 calls a second over all routes. No header mentions that limit
 * before it is exceeded. A call counts until a second after its response, because only then has Discord's window
 * certainly ended.
 *
 * @see https://docs.discord.com/developers/topics/rate-limits#global-rate-limit
 */
export class BotPace {
  #inFlight = 0;
  /** When the last calls ended, in epoch milliseconds. */
  #ended: readonly number[] = [];
  #waiting: (() => void)[] = [];

  /** Returns the wait before a call may be sent, if any. @param most how many calls may count, including this one */
  waitFor(now: number, most: number): Wait | undefined {
    this.#ended = this.#ended.filter((time) => Math.abs(now - time) < WINDOW_MS);
    if (this.#inFlight + this.#ended.length < most) return undefined;
    const [first] = this.#ended;
    if (first !== undefined) return { scope: "global", ms: Math.max(1, first + WINDOW_MS - now) };
    return { scope: "global", ms: undefined, onChange: (wake) => void this.#waiting.push(wake) };
  }

  begin(): void {
    this.#inFlight += 1;
  }

  /** Ends a call, with or without a response. */
  end(now: number): void {
    this.#inFlight -= 1;
    this.#ended = [...this.#ended, now];
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
