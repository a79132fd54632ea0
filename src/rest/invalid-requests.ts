import type { AnswerHeaders, Wait } from "./rate-limits.js";

const WINDOW_S = 600;
const STEP_MS = 10_000;
const STEPS = WINDOW_S / (STEP_MS / 1000);
const WARN_AT = 1000;
const UNTRUSTED_SHARE = 0.1;
const UNTRUSTED_EACH = 50;
/** Until an untrusted call under way is answered. */
const SOON_MS = 1000;

/** How many of something happened in the last ten minutes, to ten seconds. */
class RecentCount {
  readonly #steps = new Map<number, number>();
  #total = 0;

  /** Calls under way that may yet be counted. */
  pending = 0;

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
 * Counts the answers for which Discord bans an address: more than 10,000 times 401, 403 or 429 in ten minutes.
 *
 * Calls with credentials that a client could have made up (untrusted) are counted with all others, but never stop them:
 * together they get a tenth of the limit and each subject 50, calls under way included. Beyond that only they are refused.
 *
 * @see https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
 */
export class InvalidRequests {
  readonly #limit: number;
  readonly #warnAt: number;
  readonly #untrustedLimit: number;
  readonly #all = new RecentCount();
  readonly #untrusted = new RecentCount();
  readonly #bySubject = new Map<string, RecentCount>();
  #hasWarned = false;

  constructor(limit: number) {
    this.#limit = limit;
    this.#warnAt = Math.min(WARN_AT, limit);
    this.#untrustedLimit = Math.max(1, Math.floor(limit * UNTRUSTED_SHARE));
  }

  /**
   * What a call has to wait for.
   *
   * @param untrusted the subject of a call with untrusted credentials
   */
  waitFor(now: number, untrusted?: string): Wait | undefined {
    if (this.#all.at(now) >= this.#limit) return { scope: "global", ms: this.#all.msUntilFewer(now) };
    if (untrusted === undefined) return undefined;
    const subject = this.#bySubject.get(untrusted);
    const ms = Math.max(
      subject === undefined ? 0 : waitOf(subject, UNTRUSTED_EACH, now),
      waitOf(this.#untrusted, this.#untrustedLimit, now),
    );
    return ms === 0 ? undefined : { scope: "user", ms };
  }

  /** A call goes out. Each call of this is followed by one of {@link answered}. */
  sent(untrusted?: string): void {
    if (untrusted === undefined) return;
    const subject = this.#bySubject.get(untrusted) ?? new RecentCount();
    subject.pending += 1;
    this.#untrusted.pending += 1;
    this.#bySubject.set(untrusted, subject);
  }

  /** A call is over, counted against the limit or not. */
  answered(now: number, isInvalid: boolean, untrusted?: string): void {
    if (untrusted !== undefined) this.#answeredUntrusted(now, isInvalid, untrusted);
    if (!isInvalid) return;
    if (this.#all.at(now) < this.#warnAt) this.#hasWarned = false;
    this.#all.add(now);
    if (this.#hasWarned || this.#all.at(now) < this.#warnAt) return;
    this.#hasWarned = true;
    process.emitWarning(
      `Discord has answered 401, 403 or 429 to ${this.#warnAt} calls of this process within ten minutes. It bans an address at 10,000; this process stops at ${this.#limit}. Look for a dead token or a loop.`,
      { code: "EXPRESS_DISCORD_INVALID_REQUESTS" },
    );
  }

  #answeredUntrusted(now: number, isInvalid: boolean, untrusted: string): void {
    const subject = this.#bySubject.get(untrusted);
    if (subject === undefined) return;
    for (const count of [subject, this.#untrusted]) {
      count.pending -= 1;
      if (isInvalid) count.add(now);
    }
    if (isInvalid || isForgettable(subject, now)) this.#bySubject.delete(untrusted);
    // The most recently refused come last, so that the first ones are the first to be forgotten.
    if (isInvalid) this.#bySubject.set(untrusted, subject);
    for (const [key, oldest] of this.#bySubject) {
      if (!isForgettable(oldest, now)) break;
      this.#bySubject.delete(key);
    }
  }
}

/** Whether Discord holds an answer against the address it went to. */
export function countsAsInvalid(status: number, headers: AnswerHeaders): boolean {
  return status === 401 || status === 403 || (status === 429 && headers["x-ratelimit-scope"] !== "shared");
}

function endOf(step: number): number {
  return (step + 1 + STEPS) * STEP_MS;
}

function waitOf(count: RecentCount, limit: number, now: number): number {
  const counted = count.at(now);
  if (counted >= limit) return count.msUntilFewer(now);
  return counted + count.pending < limit ? 0 : SOON_MS;
}

function isForgettable(count: RecentCount, now: number): boolean {
  return count.pending === 0 && count.at(now) === 0;
}
