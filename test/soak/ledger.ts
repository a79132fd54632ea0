import { LOSS_REASONS, type LossReason } from "./losses.js";

/** What the soak counts. */
export class Ledger {
  requests = 0;
  logins = 0;
  logouts = 0;
  restarts = 0;
  wrongUsers = 0;
  /** Refreshes that do not say which worker asked for them. Then losses could not be explained. */
  anonymousRequests = 0;
  readonly answers = new Map<string, number>();
  readonly faults = new Map<string, number>();
  readonly reasons = new Map<LossReason, number>();
  readonly lostWithoutReason: string[] = [];
  readonly lostByKill: string[] = [];
  readonly unhandled = new Set<string>();
  /** For each minute since the start: how many responses the browsers got, and how long these took in total. */
  readonly #minutes: { count: number; totalMs: number }[] = [];
  /** The first worker's heap, as minutes since the start and megabytes. */
  readonly heap: (readonly [minutes: number, megabytes: number])[] = [];

  count<Key>(counts: Map<Key, number>, key: Key): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  /** Records how long a browser waited for a response, and in which minute. */
  countAnswerTime(minute: number, ms: number): void {
    this.#minutes[minute] ??= { count: 0, totalMs: 0 };
    this.#minutes[minute].count += 1;
    this.#minutes[minute].totalMs += ms;
  }

  /** The slope in megabytes per minute, by least squares, over the second half of the time. */
  get heapSlope(): number {
    const last = this.heap.at(-1)?.[0] ?? 0;
    const points = this.heap.filter(([minutes]) => minutes >= last / 2);
    const meanX = mean(points.map(([x]) => x));
    const meanY = mean(points.map(([, y]) => y));
    const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
    return spread === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  }

  /** Everything that must not happen; empty if all is well. */
  get failures(): string[] {
    const findings: readonly (readonly [boolean, string])[] = [
      [this.logins === 0, "nobody logged in"],
      [this.faults.size === 0, "no fault happened"],
      [this.lostWithoutReason.length > 0, `${this.lostWithoutReason.length} logins lost without a reason`],
      [this.anonymousRequests > 0, `${this.anonymousRequests} refreshes do not name their worker`],
      [this.wrongUsers > 0, `${this.wrongUsers} times a wrong user was seen`],
      [this.unhandled.size > 0, `${this.unhandled.size} unhandled rejections`],
      [this.heapSlope >= 1, `the heap grows by ${this.heapSlope.toFixed(2)} MB a minute`],
    ];
    return findings.filter(([isWrong]) => isWrong).map(([, what]) => what);
  }

  toString(): string {
    const list = (counts: ReadonlyMap<string, number>) =>
      [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([key, count]) => `    ${key}: ${count}`);
    return [
      `  requests: ${this.requests}, logins: ${this.logins}, logouts: ${this.logouts}, workers killed: ${this.restarts}`,
      "  answers to the browsers:",
      ...list(this.answers),
      "  faults at Discord:",
      ...list(this.faults),
      "  logins lost for a reason:",
      ...LOSS_REASONS.map((reason) => `    ${reason}: ${this.reasons.get(reason) ?? 0}`),
      "  logins lost by a kill:",
      ...this.lostByKill.map((lost) => `    ${lost}`),
      `  logins lost without a reason: ${this.lostWithoutReason.length}`,
      ...this.lostWithoutReason.map((lost) => `    ${lost}`),
      `  wrong user seen: ${this.wrongUsers}`,
      `  unhandled rejections: ${this.unhandled.size}`,
      ...[...this.unhandled].map((rejection) => `    ${rejection}`),
      `  mean time of an answer, by minute: ${this.#minutes.map(({ count, totalMs }) => Math.round(totalMs / count)).join(" ")} ms`,
      `  heap slope: ${this.heapSlope.toFixed(2)} MB a minute`,
    ].join("\n");
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
