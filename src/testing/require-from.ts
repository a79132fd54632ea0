/** @throws TypeError unless a value is a number from `least` to `most` */
export function requireFrom(
  name: string,
  value: unknown,
  least: number,
  most = Number.POSITIVE_INFINITY,
): void {
  if (typeof value === "number" && value >= least && value <= most) return;
  const range = most === Number.POSITIVE_INFINITY ? `${least} or more` : `from ${least} to ${most}`;
  throw new TypeError(`${name} must be ${range}, not ${value}.`);
}
