/** Formats a time like the API, with microseconds and an offset. */
export function toTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace("Z", "000+00:00");
}
