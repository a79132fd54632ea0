import { decodePath } from "./decode-path.js";

/** A request, for comparison with a pattern. */
export interface RoutedRequest {
  readonly method: string;
  /** The path below `/api` and the version, percent-decoded. */
  readonly apiPath: string;
  /** The template of the route, such as `/users/:id`. */
  readonly route: string;
}

/** Whether a request goes to a route. */
export type MatchesRoute = (request: RoutedRequest) => boolean;

/**
 * Parses a route pattern: "POST /oauth2/token", "/users/@me" (any method), "/users/:id" (any user) or
 * "/users/80351110224678912" (this user). A route without a method does not match preflight requests.
 */
export function parseRoutePattern(pattern: string, methodApart?: string): MatchesRoute {
  const [, methodInside, writtenPath = ""] = /^(?:([A-Za-z]+)\s+)?(\/\S*)$/.exec(pattern) ?? [];
  const path = decodePath(writtenPath);
  if (!path || !isRoutePath(writtenPath)) {
    throw new TypeError(
      `"${pattern}" is not a route: write "GET /users/@me", or "/users/@me" for any method, without /api or a query.`,
    );
  }
  const method = (methodApart ?? methodInside)?.toUpperCase();
  const template = forgetNames(path);
  return (request) =>
    (method === undefined ? request.method !== "OPTIONS" : method === request.method) &&
    (template === forgetNames(request.route) || path === request.apiPath);
}

/** Whether a path may be that of a route: below `/api` and the version, without a query. */
export function isRoutePath(path: string): boolean {
  return !path.startsWith("/api/") && !/[?#]/.test(path);
}

/** Returns the key of a pattern. All requests that match it have this key among their {@link routeKeysOf | keys}. */
export function routeKeyOf(pattern: string): string {
  const path = pattern.slice(pattern.indexOf("/"));
  return forgetNames(decodePath(path) ?? path);
}

/** Returns the keys of a request: its route and, if the route is a template, its path. */
export function routeKeysOf({ apiPath, route }: RoutedRequest): readonly string[] {
  const [byRoute, byPath] = [forgetNames(route), forgetNames(apiPath)];
  return byRoute === byPath ? [byRoute] : [byRoute, byPath];
}

function forgetNames(template: string): string {
  return template.replace(/:\w+/g, ":");
}
