import { boundedCache } from "../bounded-cache.js";
import { shown } from "../shown.js";

/** A parsed route below `/api/v10`. */
export type Route = ReturnType<typeof parse>;

const API_PATH = "/api/v10";
const QUERY_FAULTS: readonly (readonly [RegExp, string])[] = [
  [/[\s\p{Cc}]/u, "it contains whitespace or a control character"],
  [/[\\#]/, 'it contains "\\" or "#"'],
  [/\p{Surrogate}/u, "it is not well-formed Unicode"],
];
const PATH_FAULTS: typeof QUERY_FAULTS = [
  [/^(?!\/)/, 'it must begin with "/"'],
  ...QUERY_FAULTS,
  [/\/\//, "it has an empty segment, perhaps a missing id"],
  [/%(?:25)*(?:[01][\da-f]|7f|2f|5c)/i, "it has an encoded slash, backslash or control character"],
];
/** Matches encoded dots too, even encoded several times, because a server may decode more than once. */
const DOT_SEGMENT = /\/(?:\.|%(?:25)*2e){1,2}(?:\/|$)/i;

const LITERAL = /^@?[a-z]{1,32}\d?(?:[-_.][a-z]{1,32}){0,4}$/;
const DIGITS = /^\d+$/;
/** Placeholders for segments that a user of Discord has chosen, by the segment before. */
const CHOSEN_AFTER = new Map<string | undefined, string>([
  ["reactions", ":emoji"],
  ["invites", ":code"],
  ["templates", ":code"],
]);
const TOKEN_AFTER_ID_OF = new Set<string | undefined>(["webhooks", "interactions"]);
const MAJOR_AFTER = new Set<string | undefined>(["guilds", "channels", "webhooks", "interactions"]);

const LONGEST_REMEMBERED = 200;
/** A cache, because apps call the same few routes repeatedly. */
const parsed = boundedCache<Route>(500);

/** @throws TypeError for a route that is not a path below `/api/v10` */
export function parseRoute(input: string): Route {
  const cached = parsed.get(input);
  if (cached !== undefined) return cached;
  const route = parse(input);
  if (input.length <= LONGEST_REMEMBERED) parsed.set(input, route);
  return route;
}

function parse(route: unknown) {
  if (typeof route !== "string")
    throw new TypeError(`The route must be a string such as "/users/@me", not ${shown(route)}.`);
  const mark = route.indexOf("?");
  const path = mark < 0 ? route : route.slice(0, mark);
  const query = mark < 0 ? "" : route.slice(mark + 1);
  const url = new URL(`https://discord.com${API_PATH}${route}`);
  const isBelow = url.pathname.startsWith(`${API_PATH}/`) && !DOT_SEGMENT.test(path);
  const fault =
    faultIn(path, PATH_FAULTS) ??
    faultIn(query, QUERY_FAULTS) ??
    (isBelow ? undefined : 'it has a "." or ".." segment');
  const segments = path.split("/");
  if (fault === undefined) {
    return {
      /** The full path as sent to Discord, with the query if there is one. */
      path: `${url.pathname}${url.search}`,
      /** With placeholders for ids and tokens, for tracing and rate limits: `/guilds/:id/members/:id`. */
      template: segments.map(placeholder).join("/"),
      /** For error messages: with ids, without tokens and query. */
      shown: shownOf(segments),
      /** The tokens of webhooks and interactions in the path. */
      tokens: segments.filter((_, index) => isToken(index, segments)),
      /** The guild, channel or webhook, each of which has its own rate limits; empty if the route names none. */
      major: majorOf(segments),
    };
  }
  throw new TypeError(
    `The route must be a path below ${API_PATH} such as "/users/@me", not ${shown(shownOf(segments))}: ${fault}.`,
  );
}

function faultIn(part: string, faults: typeof PATH_FAULTS): string | undefined {
  return faults.find(([pattern]) => pattern.test(part))?.[1];
}

function placeholder(segment: string, index: number, segments: readonly string[]): string {
  if (segment === "") return "";
  if (isToken(index, segments)) return ":token";
  if (DIGITS.test(segment)) return ":id";
  return CHOSEN_AFTER.get(segments[index - 1]) ?? (LITERAL.test(segment) ? segment : ":value");
}

function isToken(index: number, segments: readonly string[]): boolean {
  return TOKEN_AFTER_ID_OF.has(segments[index - 2]);
}

function shownOf(segments: readonly string[]): string {
  const path = segments.map((segment, index) => (isToken(index, segments) ? ":token" : segment)).join("/");
  // As it is sent. Apps send messages as HTML, and a visitor may have chosen the id.
  return path.replaceAll("<", "%3C");
}

function majorOf(segments: readonly string[]): string {
  for (const [index, segment] of segments.entries()) {
    if (DIGITS.test(segment) && MAJOR_AFTER.has(segments[index - 1]))
      return segments.slice(index, isToken(index + 1, segments) ? index + 2 : index + 1).join("/");
  }
  return "";
}
