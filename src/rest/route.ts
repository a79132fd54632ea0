import { shown } from "../shown.js";

/** A parsed route below `/api/v10`. */
export type Route = ReturnType<typeof parseRoute>;

const API_PATH = "/api/v10";
const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/^(?!\/)/, 'it must begin with "/"'],
  [/[\s\p{Cc}]/u, "it contains whitespace or a control character"],
  [/[\\#]/, 'it contains "\\" or "#"'],
  [/\p{Surrogate}/u, "it is not well-formed Unicode"],
  [/^[^?]*\/\//, "it has an empty segment, perhaps a missing id"],
  // Encoded characters count even if they are encoded several times, because a server may decode more than once.
  [/^[^?]*%(?:25)*(?:[01][\da-f]|7f|2f|5c)/i, "it has an encoded slash, backslash or control character"],
  [/^[^?]*\/(?:\.|%(?:25)*2e){1,2}(?:[/?]|$)/i, 'it has a "." or ".." segment'],
];

/** The tokens of webhooks and interactions. */
const TOKEN = /(?<=(?:^|\/)(?:webhooks|interactions)\/[^/]*\/)[^/]+/g;
const MAJOR = /\/(?:guilds|channels)\/(\d+)(?![^/])|\/(?:webhooks|interactions)\/(\d+(?:\/[^/]+|$))/;
const LITERAL = /^@?[a-z]{1,32}\d?(?:[-_.][a-z]{1,32}){0,4}$/;
const DIGITS = /^\d+$/;
/** Segments before one that a user of Discord has chosen. */
const BEFORE_CHOSEN = ["reactions", "invites", "templates"];

/** @throws TypeError for a route that is not a path below `/api/v10` */
export function parseRoute(route: string) {
  if (typeof route !== "string")
    throw new TypeError(`The route must be a string such as "/users/@me", not ${shown(route)}.`);
  const [path = ""] = route.split("?", 1);
  // Markup as it is sent. Apps send messages as HTML, and a visitor may have chosen the id.
  const shownPath = path.replaceAll(TOKEN, ":token").replaceAll("<", "%3C");
  const [, fault] = FAULTS.find(([pattern]) => pattern.test(route)) ?? [];
  if (fault !== undefined)
    throw new TypeError(
      `The route must be a path below ${API_PATH} such as "/users/@me", not ${shown(shownPath)}: ${fault}.`,
    );
  const { pathname, search } = new URL(`https://discord.com${API_PATH}${route}`);
  return {
    /** The full path as sent to Discord, with the query if there is one. */
    path: `${pathname}${search}`,
    /** With placeholders for ids and tokens, for tracing and rate limits: `/guilds/:id/members/:id`. */
    template: shownPath.split("/").map(placeholder).join("/"),
    /** For error messages: with ids, without tokens and query. */
    shown: shownPath,
    /** The tokens of webhooks and interactions in the path. */
    tokens: path.match(TOKEN) ?? [],
    /** The guild, channel or webhook, each of which has its own rate limits; empty if the route names none. */
    major: MAJOR.exec(path)?.slice(1).join("") ?? "",
  };
}

function placeholder(segment: string, index: number, segments: readonly string[]): string {
  if (segment === "" || segment === ":token") return segment;
  if (DIGITS.test(segment)) return ":id";
  return LITERAL.test(segment) && !BEFORE_CHOSEN.includes(segments[index - 1] ?? "") ? segment : ":value";
}
