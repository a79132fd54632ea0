import { forBot, forUser, isObject, readObject, readPayload } from "../access.js";
import { type Answer, json, noContent, refuse } from "../answer.js";
import { emptyOrTooLong, invalidField, tooLong, UNKNOWN_APPLICATION } from "../api-errors.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import { isMetadataKey, readRecords } from "../role-connection-records.js";
import type { Routes } from "../router.js";
import { textLength } from "../text-length.js";

const MOST_VALUES = 5;
const LONGEST_VALUE = 100;

interface RoleConnection {
  readonly platform_name: string | null;
  readonly platform_username: string | null;
  /** The values, as strings like in the API. */
  readonly metadata: Readonly<Record<string, string>>;
}

const NOTHING: RoleConnection = { platform_name: null, platform_username: null, metadata: {} };

/** Routes for role connections and their metadata. */
export function roleConnectionRoutes(discord: Discord): Routes {
  const { application } = discord;
  const connections = new Map<string, RoleConnection>();
  let metadata: readonly object[] = [];
  const answerWith = (userId: string) => json(200, connections.get(userId) ?? NOTHING);
  const forOwnUser = (handle: (call: Call, userId: string) => Answer) =>
    forUser(discord, "role_connections.write", (call, { authorization }, id: string) =>
      id === application.id ? handle(call, authorization.user.id) : refuse(UNKNOWN_APPLICATION),
    );
  const forOwnBot = (handle: (call: Call) => Answer) =>
    forBot(discord, (call, id: string) =>
      id === application.id ? handle(call) : refuse(UNKNOWN_APPLICATION),
    );
  return {
    "GET /users/@me/applications/:id/role-connection": forOwnUser((_call, userId) => answerWith(userId)),
    "PUT /users/@me/applications/:id/role-connection": forOwnUser((call, userId) => {
      connections.set(userId, readConnection(readObject(call)));
      return answerWith(userId);
    }),
    "DELETE /users/@me/applications/:id/role-connection": forOwnUser((_call, userId) => {
      connections.delete(userId);
      return noContent();
    }),
    "GET /applications/:id/role-connections/metadata": forOwnBot(() => json(200, metadata)),
    "PUT /applications/:id/role-connections/metadata": forOwnBot((call) => {
      metadata = readRecords(readPayload(call));
      return json(200, metadata);
    }),
  };
}

function readConnection(body: Readonly<Record<string, unknown>>): RoleConnection {
  return {
    platform_name: readText("platform_name", body["platform_name"], 50),
    platform_username: readText("platform_username", body["platform_username"], 100),
    metadata: readMetadata(body["metadata"] ?? {}),
  };
}

function readText(field: string, value: unknown, longest: number): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "string" && textLength(value) <= longest) return value;
  return refuse(tooLong(field, longest));
}

function readMetadata(value: unknown): Record<string, string> {
  if (!isObject(value) || Object.keys(value).length > MOST_VALUES) {
    return refuse(tooLong("metadata", MOST_VALUES));
  }
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, readValue(key, text)]));
}

function readValue(key: string, value: unknown): string {
  if (!isMetadataKey(key)) {
    refuse(invalidField(["metadata", key], "STRING_TYPE_REGEX", "Must be 1 to 50 of a-z, 0-9 and _."));
  }
  const text = typeof value === "object" ? "" : String(value);
  if (text !== "" && textLength(text) <= LONGEST_VALUE) return text;
  return refuse(emptyOrTooLong(["metadata", key], LONGEST_VALUE));
}
