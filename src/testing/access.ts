import { type Answer, refuse } from "./answer.js";
import {
  BLOCKED_AT_EDGE,
  INVALID_CONTENT_TYPE,
  INVALID_JSON,
  invalidField,
  MISSING_SCOPE,
  notSnowflake,
  UNAUTHORIZED,
} from "./api-errors.js";
import type { AccessToken } from "./authorizations.js";
import type { Call } from "./call.js";
import type { Discord } from "./discord.js";
import type { Handle } from "./router.js";
import { isSnowflake } from "./snowflake.js";

const DISCORD_USER_AGENT = /^DiscordBot \(\S+, \S+\)/;

/** The handler of a route for a bearer token; `ids` are the values of its placeholders. */
export type HandleUser = (call: Call, token: AccessToken, ...ids: string[]) => Answer;

/** Accepts only bearer tokens with the scope; null accepts any scopes. */
export function forUser(discord: Discord, scope: string | null, handle: HandleUser): Handle {
  return function answerUser(call) {
    if (call.caller.kind !== "user") refuse(UNAUTHORIZED);
    const { token } = call.caller;
    if (scope !== null) requireScope(discord, token, scope);
    return handle(call, token, ...readIds(call));
  };
}

/** Accepts only the bot. */
export function forBot(discord: Discord, handle: (call: Call, ...ids: string[]) => Answer): Handle {
  return function answerBot(call) {
    if (discord.behaviour.strictUserAgent && isOtherUserAgent(call)) refuse(BLOCKED_AT_EDGE);
    if (call.caller.kind !== "bot") refuse(UNAUTHORIZED);
    return handle(call, ...readIds(call));
  };
}

/** Uses one handler for the bot and another for everybody else. */
export function forUserOrBot(handleUser: Handle, handleBot: Handle): Handle {
  return function answerUserOrBot(call) {
    return call.caller.kind === "bot" ? handleBot(call) : handleUser(call);
  };
}

/** Refuses a token without the scope, as set in `behaviour.missingScope`. */
export function requireScope(discord: Discord, token: AccessToken, scope: string): void {
  if (token.scopes.includes(scope)) return;
  refuse(discord.behaviour.missingScope === "401" ? UNAUTHORIZED : MISSING_SCOPE);
}

/** Returns the object in a request: of JSON, or the fields of a form. */
export function readObject(call: Call): Readonly<Record<string, unknown>> {
  return toObject(readPayload(call));
}

/** Returns the JSON value in a request, or the fields of a form; `undefined` without a body. */
export function readPayload({ body }: Pick<Call, "body">): unknown {
  if (body.kind === "none") return undefined;
  if (body.kind === "invalid-json") refuse(INVALID_JSON);
  if (body.kind === "form") return body.fields;
  return body.kind === "json" ? body.value : refuse(INVALID_CONTENT_TYPE);
}

/** Requires that a JSON value is an object. `undefined` becomes an empty one. */
export function toObject(value: unknown = {}): Readonly<Record<string, unknown>> {
  if (!isObject(value))
    refuse(invalidField([], "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType"));
  return value;
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isOtherUserAgent(call: Call): boolean {
  return !DISCORD_USER_AGENT.test(call.headers["user-agent"] ?? "");
}

function readIds(call: Call): string[] {
  return call.ids.map(({ field, isText, value }) => {
    if (isText || isSnowflake(value)) return value;
    return refuse(notSnowflake(field, value));
  });
}
