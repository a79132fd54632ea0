import { forBot, forUser, isObject, readObject } from "../access.js";
import { type Answer, json, noContent, refuse } from "../answer.js";
import { invalidField, UNKNOWN_APPLICATION } from "../api-errors.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import type { RoleConnection } from "../role-connections.js";
import type { Routes } from "../router.js";

const MOST_RECORDS = 5;

/** Linked roles: what the application can say about its users, and what it says about one. */
export function roleConnectionRoutes(discord: Discord): Routes {
  const { application, roleConnections } = discord;
  const forOwnUser = (handle: (call: Call, userId: string) => Answer) =>
    forUser(discord, "role_connections.write", (call, { authorization }, id: string) =>
      id === application.id ? handle(call, authorization.user.id) : refuse(UNKNOWN_APPLICATION),
    );
  const forOwnBot = (handle: (call: Call) => Answer) =>
    forBot(discord, (call, id: string) =>
      id === application.id ? handle(call) : refuse(UNKNOWN_APPLICATION),
    );
  return {
    "GET /users/@me/applications/:id/role-connection": forOwnUser((_call, userId) =>
      json(200, roleConnections.of(userId)),
    ),
    "PUT /users/@me/applications/:id/role-connection": forOwnUser((call, userId) => {
      roleConnections.replace(userId, readConnection(readObject(call)));
      return json(200, roleConnections.of(userId));
    }),
    "DELETE /users/@me/applications/:id/role-connection": forOwnUser((_call, userId) => {
      roleConnections.remove(userId);
      return noContent();
    }),
    "GET /applications/:id/role-connections/metadata": forOwnBot(() => json(200, roleConnections.metadata)),
    "PUT /applications/:id/role-connections/metadata": forOwnBot((call) => {
      roleConnections.metadata = readRecords(call);
      return json(200, roleConnections.metadata);
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
  if (typeof value === "string" && value.length <= longest) return value;
  return refuse(invalidField(field, "BASE_TYPE_BAD_LENGTH", `Must be ${longest} or fewer in length.`));
}

function readMetadata(value: unknown): Record<string, string> {
  const entries = isObject(value)
    ? Object.entries(value).map(([key, text]) => [key, String(text)] as const)
    : [];
  const isValid = isObject(value) && entries.every(([, text]) => text.length >= 1 && text.length <= 100);
  if (isValid && entries.length <= MOST_RECORDS) return Object.fromEntries(entries);
  return refuse(
    invalidField("metadata", "BASE_TYPE_BAD_LENGTH", "Must be up to 5 values of 1 to 100 characters."),
  );
}

function readRecords(call: Call): readonly unknown[] {
  const records = call.body.kind === "json" ? call.body.value : undefined;
  if (Array.isArray(records) && records.length <= MOST_RECORDS) return records;
  return refuse(invalidField("_", "BASE_TYPE_MAX_LENGTH", "Must be a list of up to 5 records."));
}
