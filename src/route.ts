/** A route that stays below `/api/v10`, and what it is known by. */
export interface Route {
  /** As given, characters beyond ASCII percent-encoded; may end in a query. */
  readonly path: string;
  /** For logs and tables: ids and tokens replaced by placeholders. */
  readonly template: string;
  /** For error messages: ids kept, tokens replaced, no query. */
  readonly shown: string;
  /** The guild, channel or webhook that separates rate limits of one template; empty without. */
  readonly major: string;
}

const PLAIN = /^(?:\/[\w@-]+)+$/;
const PATH_FAULTS: readonly (readonly [RegExp, string])[] = [
  [/^(?!\/)/, 'it must begin with "/"'],
  [/[\s\p{Cc}]/u, "it contains whitespace or a control character"],
  [/[\\#]/, 'it contains "\\" or "#"'],
  [/\p{Surrogate}/u, "it is not well-formed Unicode"],
  [/\/\//, "it has an empty segment, as a missing id leaves behind"],
  [/\/(?:\.|%(?:25)*2e){1,2}(?:\/|$)/i, 'it has a segment "." or ".."'],
  [/%(?:25)*(?:[01][\da-f]|7f|2f|5c)/i, "it hides a slash, a backslash or a control character"],
];
const QUERY_FAULTS = PATH_FAULTS.slice(1, 4);

const LITERAL = /^@?[a-z]{1,32}\d?(?:[-_.][a-z]{1,32}){0,4}$/;
const DIGITS = /^\d+$/;
/** The segment after one of these is chosen by a user of Discord. */
const CHOSEN_AFTER = new Map([
  ["reactions", ":emoji"],
  ["invites", ":code"],
  ["templates", ":code"],
]);
const TOKEN_AFTER_ID_OF = new Set(["webhooks", "interactions"]);
const MAJOR_AFTER = new Set(["guilds", "channels", "webhooks", "interactions"]);

/** @throws TypeError for a route that is no path, or that would leave the API */
export function parseRoute(route: unknown): Route {
  if (typeof route !== "string") {
    throw new TypeError(`The route must be a string such as "/users/@me", not ${shownValue(route)}.`);
  }
  const [given = "", query] = splitQuery(route);
  const fault = PLAIN.test(given) ? undefined : faultIn(given, PATH_FAULTS);
  const wrong = fault ?? (query === undefined ? undefined : faultIn(query, QUERY_FAULTS));
  if (wrong !== undefined) {
    throw new TypeError(
      `The route must be a path below /api/v10 such as "/users/@me", not ${shownValue(shownOf(route.split("/")))}: ${wrong}.`,
    );
  }
  const segments = given.split("/");
  return {
    path: encodeBeyondAscii(route),
    template: segments.map(placeholder).join("/"),
    shown: shownOf(segments),
    major: majorOf(segments),
  };
}

/**
 * The route with ids and tokens replaced, as in `/guilds/:id/members/:id`: fit for logs and as a key of a table.
 *
 * @throws TypeError when it is not a string
 */
export function routeTemplate(route: string): string {
  return typeof route === "string"
    ? (splitQuery(route)[0] ?? "").split("/").map(placeholder).join("/")
    : parseRoute(route).template;
}

function splitQuery(route: string): readonly [string, string?] {
  const mark = route.indexOf("?");
  return mark < 0 ? [route] : [route.slice(0, mark), route.slice(mark + 1)];
}

function faultIn(part: string, faults: typeof PATH_FAULTS): string | undefined {
  return faults.find(([pattern]) => pattern.test(part))?.[1];
}

function placeholder(segment: string, index: number, segments: readonly string[]): string {
  if (segment === "") return "";
  if (isToken(index, segments)) return ":token";
  if (DIGITS.test(segment)) return ":id";
  return CHOSEN_AFTER.get(segments[index - 1] ?? "") ?? (LITERAL.test(segment) ? segment : ":value");
}

function isToken(index: number, segments: readonly string[]): boolean {
  return TOKEN_AFTER_ID_OF.has(segments[index - 2] ?? "");
}

function shownOf(segments: readonly string[]): string {
  return segments
    .map((segment, index) => (isToken(index, segments) ? ":token" : segment))
    .join("/")
    .replace(/\?.*/s, "");
}

function majorOf(segments: readonly string[]): string {
  const index = segments.findIndex(
    (segment, at) => DIGITS.test(segment) && MAJOR_AFTER.has(segments[at - 1] ?? ""),
  );
  if (index < 0) return "";
  const token = isToken(index + 1, segments) ? segments[index + 1] : undefined;
  return token === undefined ? (segments[index] ?? "") : `${segments[index]}/${token}`;
}

function encodeBeyondAscii(route: string): string {
  return route.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}

/** A value someone gave by mistake, fit for an error message. */
export function shownValue(given: unknown): string {
  if (typeof given !== "string") return `a value of type ${given === null ? "null" : typeof given}`;
  return JSON.stringify(given.length > 100 ? `${given.slice(0, 100)}...` : given);
}
