/**
 * Whether the `Origin` of a request is one of those that are allowed. A missing one and `null`, which any site can bring about,
 * never are.
 *
 * @param allowed origins as browsers send them: `https://www.example.com`
 */
export function isAllowedOrigin(origin: string | undefined, allowed: readonly string[]): origin is string {
  return origin !== undefined && origin !== "null" && allowed.includes(origin);
}
