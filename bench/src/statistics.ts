/** The middle of measured values, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError for no values at all */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low, high, min, max] = [
    sorted[Math.floor(middle)],
    sorted[Math.ceil(middle)],
    sorted[0],
    sorted.at(-1),
  ];
  if (low === undefined || high === undefined || min === undefined || max === undefined)
    throw new RangeError("There are no values.");
  return { median: (low + high) / 2, min, max };
}

/** Such as `1.02 (0.98–1.07)`. */
export function formatSpread({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
