/** Why a login may be gone without anybody at fault. */
export const REASONS = [
  "the user removed the application at Discord",
  "Discord rotated the pair, and a fault swallowed its answer",
  "a worker was killed between that answer and the store",
] as const;

export type Reason = (typeof REASONS)[number];

/** What the soak counts. */
export class Ledger {
  requests = 0;
  logins = 0;
  logouts = 0;
  restarts = 0;
  wrongUsers = 0;
  readonly answers = new Map<string, number>();
  readonly faults = new Map<string, number>();
  readonly reasons = new Map<Reason, number>();
  readonly lostWithoutReason: string[] = [];
  readonly unhandled = new Set<string>();
  /** The first worker's heap: minutes since the start, megabytes. */
  readonly heap: (readonly [minutes: number, megabytes: number])[] = [];

  count<Key>(counts: Map<Key, number>, key: Key): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  /** Megabytes a minute, by least squares over what was measured in the second half of the time. */
  get heapSlope(): number {
    const last = this.heap.at(-1)?.[0] ?? 0;
    const points = this.heap.filter(([minutes]) => minutes >= last / 2);
    const meanX = mean(points.map(([x]) => x));
    const meanY = mean(points.map(([, y]) => y));
    const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
    return spread === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  }

  /** What must not be; empty when all is well. */
  get failures(): string[] {
    const findings: readonly (readonly [boolean, string])[] = [
      [this.logins === 0, "nobody logged in"],
      [this.faults.size === 0, "no fault happened"],
      [this.lostWithoutReason.length > 0, `${this.lostWithoutReason.length} logins lost without a reason`],
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
      ...REASONS.map((reason) => `    ${reason}: ${this.reasons.get(reason) ?? 0}`),
      `  logins lost without a reason: ${this.lostWithoutReason.length}`,
      ...this.lostWithoutReason.slice(0, 20).map((lost) => `    ${lost}`),
      `  wrong user seen: ${this.wrongUsers}`,
      `  unhandled rejections: ${this.unhandled.size}`,
      ...[...this.unhandled].map((rejection) => `    ${rejection}`),
      `  heap slope: ${this.heapSlope.toFixed(2)} MB a minute`,
    ].join("\n");
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
