/**
 * Percent-decodes a path segment by segment, so an encoded slash never splits a segment: it stays `%2F`.
 * Undefined: the path is malformed.
 */
export function decodePath(path: string): string | undefined {
  if (!path.includes("%")) return path;
  try {
    return path
      .split("/")
      .map((segment) => decodeURIComponent(segment).replaceAll("/", "%2F"))
      .join("/");
  } catch {
    return undefined;
  }
}
