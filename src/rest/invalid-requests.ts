import type { AnswerHeaders, Wait } from "./rate-limits.js";

/** The period in which Discord counts invalid requests. */
export const WINDOW_MS = 600_000;
const WARN_AT = 1000;
const UNTRUSTED_SHARE = 0.1;
/** How long an untrusted call waits for the result of other untrusted calls in flight. */
const SOON_MS = 1000;

/**
 * Counts invalid requests: responses of 401, 403 or 429. Discord bans an IP address after 10,000 of them in ten
 * minutes.
 *
 * Untrusted calls, whose tokens a client may have made up, count too. Together they may use a tenth of the limit,
 * including calls in flight. When they reach it, only untrusted calls stop.
 *
 * @see https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
 */
export class InvalidRequests {
  readonly #limit: number;
  readonly #warnAt: number;
  readonly #untrustedLimit: number;
  /** When they arrived, in epoch milliseconds. */
  #all: readonly number[] = [];
  #untrusted: readonly number[] = [];
  #untrustedInFlight = 0;
  #hasWarned = false;

  constructor(limit: number) {
    this.#limit = limit;
    this.#warnAt = Math.min(WARN_AT, limit);
    this.#untrustedLimit = Math.max(1, Math.floor(limit * UNTRUSTED_SHARE));
  }

  /** Returns what a call has to wait for, if anything. */
  waitFor(now: number, isUntrusted: boolean): Wait | undefined {
    this.#all = recent(this.#all, now);
    this.#untrusted = recent(this.#untrusted, now);
    if (this.#all.length >= this.#limit) return { scope: "global", ms: msUntilFewer(this.#all, now) };
    if (!isUntrusted) return undefined;
    const count = this.#untrusted.length;
    if (count >= this.#untrustedLimit) return { scope: "user", ms: msUntilFewer(this.#untrusted, now) };
    const isRoom = count + this.#untrustedInFlight < this.#untrustedLimit;
    return isRoom ? undefined : { scope: "user", ms: SOON_MS };
  }

  /** Counts an untrusted call as in flight. */
  beginUntrusted(): void {
    this.#untrustedInFlight += 1;
  }

  /** Ends an untrusted call, with or without a response. */
  endUntrusted(): void {
    this.#untrustedInFlight -= 1;
  }

  /** Counts an invalid request. */
  add(now: number, isUntrusted: boolean): void {
    if (isUntrusted) this.#untrusted = [...this.#untrusted, now];
    this.#all = [...recent(this.#all, now), now];
    if (this.#all.length <= this.#warnAt) this.#hasWarned = false;
    if (this.#hasWarned || this.#all.length < this.#warnAt) return;
    this.#hasWarned = true;
    process.emitWarning(
      `Discord answered ${this.#warnAt} calls of this process with 401, 403 or 429 within ten minutes. Discord bans an IP address at 10,000; this process stops its calls at ${this.#limit}. Look for a rejected token or a loop.`,
      { code: "EXPRESS_DISCORD_INVALID_REQUESTS" },
    );
  }
}

/** Whether Discord counts a response as an invalid request of this IP address. */
export function countsAsInvalid(status: number, headers: AnswerHeaders): boolean {
  return status === 401 || status === 403 || (status === 429 && headers["x-ratelimit-scope"] !== "shared");
}

/** Leaves out times outside of the window, and all of them if the clock was set back by more than its length. */
function recent(times: readonly number[], now: number): readonly number[] {
  return times.filter((time) => Math.abs(now - time) < WINDOW_MS);
}

function msUntilFewer([oldest = 0]: readonly number[], now: number): number {
  return Math.max(1, oldest + WINDOW_MS - now);
}
