import { type Answer, json } from "./answer.js";
import { textOf } from "./json-text.js";

/** Creates an error response of the API. The token endpoint has another format. */
function apiError(status: number, code: number, message: string): Answer {
  return json(status, { message, code });
}

/** The name of a field, or its path. An empty path is the whole body. */
type Field = string | readonly (string | number)[];

/** Creates a 400 with code 50035 for an invalid field. */
export function invalidField(field: Field, code: string, message: string): Answer {
  let errors: object = { _errors: [{ code, message }] };
  for (const part of [field].flat().reverse()) errors = { [part]: errors };
  return json(400, { message: "Invalid Form Body", code: 50035, errors });
}

/** Creates a 400 with code 50035 for a required field that is missing. */
export function missingField(field: Field): Answer {
  return invalidField(field, "BASE_TYPE_REQUIRED", "This field is required");
}

/** Creates a 400 with code 50035 for a field that is longer than `most`. */
export function tooLong(field: Field, most: number): Answer {
  return invalidField(field, "BASE_TYPE_MAX_LENGTH", `Must be ${most} or fewer in length.`);
}

/** Creates a 400 with code 50035 for a field that is empty, or longer than `most`. */
export function emptyOrTooLong(field: Field, most: number): Answer {
  return invalidField(field, "BASE_TYPE_BAD_LENGTH", `Must be between 1 and ${most} in length.`);
}

/** Creates a 400 with code 50035 for a field that is not a number of this type. */
export function notNumber(field: string, value: unknown, type: "int" | "snowflake"): Answer {
  return invalidField(field, "NUMBER_TYPE_COERCE", `Value "${textOf(value)}" is not ${type}.`);
}

/** Creates a 400 with code 50035 for a field that is not an id. */
export function notSnowflake(field: string, value: unknown): Answer {
  return notNumber(field, value, "snowflake");
}

export const BAD_REQUEST = apiError(400, 0, "400: Bad Request");
export const UNAUTHORIZED = apiError(401, 0, "401: Unauthorized");
export const NOT_FOUND = apiError(404, 0, "404: Not Found");
export const METHOD_NOT_ALLOWED = apiError(405, 0, "405: Method Not Allowed");
export const TOO_LARGE = apiError(413, 40005, "Request entity too large");
export const INVALID_VERSION = apiError(400, 50041, "Invalid API version provided");
export const INVALID_JSON = apiError(400, 50109, "The request body contains invalid JSON.");
export const INVALID_CONTENT_TYPE = apiError(400, 50035, "Invalid Form Body");
export const UNKNOWN_APPLICATION = apiError(404, 10002, "Unknown Application");
export const UNKNOWN_CHANNEL = apiError(404, 10003, "Unknown Channel");
export const UNKNOWN_GUILD = apiError(404, 10004, "Unknown Guild");
export const UNKNOWN_ROLE = apiError(404, 10011, "Unknown Role");
export const UNKNOWN_WEBHOOK = apiError(404, 10015, "Unknown Webhook");
export const UNKNOWN_BAN = apiError(404, 10026, "Unknown Ban");
export const NOT_IN_VOICE = apiError(400, 40032, "Target user is not connected to voice.");
export const INVALID_WEBHOOK_TOKEN = apiError(401, 50027, "Invalid Webhook Token");
export const INVALID_ROLE = apiError(400, 50028, "Invalid Role");
export const UNKNOWN_MEMBER = apiError(404, 10007, "Unknown Member");
export const UNKNOWN_USER = apiError(404, 10013, "Unknown User");
export const GUILD_MAXIMUM = apiError(400, 30001, "Maximum number of guilds reached (200)");
export const MEMBER_MAXIMUM = apiError(400, 30019, "Maximum number of server members reached");
export const BANNED = apiError(403, 40007, "The user is banned from this guild.");
export const BLOCKED_AT_EDGE: Answer = {
  ...apiError(403, 40333, "internal network error"),
  isFromEdge: true,
};
export const MISSING_ACCESS = apiError(403, 50001, "Missing Access");
export const EMPTY_MESSAGE = apiError(400, 50006, "Cannot send an empty message");
export const CANNOT_MESSAGE_USER = apiError(403, 50007, "Cannot send messages to this user");
export const MISSING_PERMISSIONS = apiError(403, 50013, "Missing Permissions");
export const INVALID_ACCESS_TOKEN = apiError(403, 50025, "Invalid OAuth2 access token provided");
export const MISSING_SCOPE = apiError(403, 50026, "Missing required OAuth2 scope");
export const NEEDS_VERIFICATION = apiError(403, 50178, "The user account must first be verified");
export const NO_SHARED_GUILD = apiError(
  403,
  50278,
  "Cannot send messages to this user due to having no mutual guilds",
);
export const JOIN_LIMITED = apiError(
  403,
  340015,
  "Access to joining new servers has been limited for this user",
);
