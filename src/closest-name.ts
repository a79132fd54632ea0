const FARTHEST = 2;

/**
 * The valid name that somebody meant who wrote another one: `permission` for `permissions`, `clientID` for `clientId`,
 * `isOwner` for `owner`.
 *
 * @returns `undefined` where none is close
 */
export function closestName(name: string, valid: readonly string[]): string | undefined {
  const written = plainName(name);
  const parts = valid.filter((one) => written.length > 2 && isPartOf(written, plainName(one)));
  return misspeltName(name, valid) ?? parts[0];
}

/** The valid name from which the one that was written differs by a letter or two: no part of it will do. */
export function misspeltName(name: string, valid: readonly string[]): string | undefined {
  const written = plainName(name);
  const near = valid
    .map((one) => ({ one, distance: distanceOf(written, plainName(one)) }))
    .filter(({ one, distance }) => distance <= Math.min(FARTHEST, Math.floor(one.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.one;
}

/** `client_id`, `clientID` and `ClientId` are all `clientid`. */
export function plainName(name: string): string {
  return name
    .slice(0, 50)
    .replaceAll(/[^\p{L}\p{N}]/gu, "")
    .toLowerCase();
}

function isPartOf(one: string, other: string): boolean {
  return one.includes(other) || other.includes(one);
}

/** How many letters have to be added, dropped or changed (Levenshtein). */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [y, letter] of [...one].entries()) {
    const next = [y + 1];
    for (const [x, wanted] of [...other].entries()) {
      const change = (row[x] ?? 0) + (letter === wanted ? 0 : 1);
      next.push(Math.min(change, (row[x + 1] ?? 0) + 1, (next[x] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
