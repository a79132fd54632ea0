import type { AnswerHeaders, Wait } from "./rate-limits.js";

const WINDOW_S = 600;
const STEP_MS = 10_000;
const STEPS = WINDOW_S / (STEP_MS / 1000);
const WARN_AT = 1000;
const UNTRUSTED_SHARE = 0.1;
/** How soon an untrusted call in flight may be answered. */
const SOON_MS = 1000;

/** How many of something happened in the last ten minutes, to ten seconds. */
class RecentCount {
  readonly #steps = new Map<number, number>();
  #total = 0;

  add(now: number): void {
    const step = Math.floor(now / STEP_MS);
    this.#steps.set(step, (this.#steps.get(step) ?? 0) + 1);
    this.#total += 1;
  }

  at(now: number): number {
    for (const [step, count] of this.#steps) {
      if (endOf(step) > now) break;
      this.#steps.delete(step);
      this.#total -= count;
    }
    return this.#total;
  }

  /** Milliseconds until the oldest are no longer counted. */
  msUntilFewer(now: number): number {
    const [oldest = 0] = this.#steps.keys();
    return Math.max(1, endOf(oldest) - now);
  }
}

/**
 * Counts the answers for which Discord bans an address: more than 10,000 of 401, 403 or 429 in ten minutes.
 *
 * Calls with tokens that a client may have made up (untrusted) count like all others, but stop only each other: together
 * they get a tenth of the limit, calls in flight included.
 *
 * @see https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
 */
export class InvalidRequests {
  readonly #limit: number;
  readonly #warnAt: number;
  readonly #untrustedLimit: number;
  readonly #all = new RecentCount();
  readonly #untrusted = new RecentCount();
  #untrustedInFlight = 0;
  #hasWarned = false;

  constructor(limit: number) {
    this.#limit = limit;
    this.#warnAt = Math.min(WARN_AT, limit);
    this.#untrustedLimit = Math.max(1, Math.floor(limit * UNTRUSTED_SHARE));
  }

  /** What a call has to wait for. */
  waitFor(now: number, isUntrusted: boolean): Wait | undefined {
    if (this.#all.at(now) >= this.#limit) return { scope: "global", ms: this.#all.msUntilFewer(now) };
    if (!isUntrusted) return undefined;
    const count = this.#untrusted.at(now);
    if (count >= this.#untrustedLimit) return { scope: "user", ms: this.#untrusted.msUntilFewer(now) };
    const isRoom = count + this.#untrustedInFlight < this.#untrustedLimit;
    return isRoom ? undefined : { scope: "user", ms: SOON_MS };
  }

  /** An untrusted call goes out. */
  beginUntrusted(): void {
    this.#untrustedInFlight += 1;
  }

  /** An untrusted call is over, answered or not. */
  endUntrusted(): void {
    this.#untrustedInFlight -= 1;
  }

  /** Counts an answer that brings a ban nearer. */
  add(now: number, isUntrusted: boolean): void {
    if (isUntrusted) this.#untrusted.add(now);
    if (this.#all.at(now) < this.#warnAt) this.#hasWarned = false;
    this.#all.add(now);
    if (this.#hasWarned || this.#all.at(now) < this.#warnAt) return;
    this.#hasWarned = true;
    process.emitWarning(
      `Discord answered ${this.#warnAt} calls of this process with 401, 403 or 429 within ten minutes. It bans an address at 10,000; this process stops at ${this.#limit}. Look for a dead token or a loop.`,
      { code: "EXPRESS_DISCORD_INVALID_REQUESTS" },
    );
  }
}

/** Whether Discord counts an answer against the address that asked. */
export function countsAsInvalid(status: number, headers: AnswerHeaders): boolean {
  return status === 401 || status === 403 || (status === 429 && headers["x-ratelimit-scope"] !== "shared");
}

function endOf(step: number): number {
  return (step + 1 + STEPS) * STEP_MS;
}
