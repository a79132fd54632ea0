const FARTHEST = 2;

/**
 * Returns the valid name closest to a misspelt one: `permissions` for `permission`, `clientId` for `clientID`,
 * `owner` for `isOwner`.
 *
 * @returns `undefined` if none is close
 */
export function closestName(name: string, valid: readonly string[]): string | undefined {
  const written = plainName(name);
  const isPart = (one: string) => plainName(one).includes(written) || written.includes(plainName(one));
  return misspeltName(name, valid) ?? (written.length > 2 ? valid.find(isPart) : undefined);
}

/** Like {@link closestName}, but accepts only names that differ by one or two letters, not parts of names. */
export function misspeltName(name: string, valid: readonly string[]): string | undefined {
  const written = plainName(name);
  const near = valid
    .map((one) => ({ one, distance: distanceOf(written, plainName(one)) }))
    .filter(({ one, distance }) => distance <= Math.min(FARTHEST, Math.floor(one.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.one;
}

/** Normalizes a name: `client_id`, `clientID` and `ClientId` all become `clientid`. */
export function plainName(name: string): string {
  return name
    .slice(0, 50)
    .replaceAll(/[^\p{L}\p{N}]/gu, "")
    .toLowerCase();
}

/** Returns how many letters must be added, removed or changed (Levenshtein distance). */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [y, letter] of [...one].entries()) {
    const next = [y + 1];
    for (const [x, otherLetter] of [...other].entries()) {
      const change = (row[x] ?? 0) + (letter === otherLetter ? 0 : 1);
      next.push(Math.min(change, (row[x + 1] ?? 0) + 1, (next[x] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
