import { isObject } from "./access.js";
import type { ApplicationOptions } from "./application.js";
import { type Behaviour, usualBehaviour } from "./behaviour.js";
import type { NewGuild, NewMember } from "./guild.js";
import { parseJson } from "./json-text.js";
import type { DiscordSimulator } from "./simulator.js";
import type { NewConnection, NewUser, SimulatedUser } from "./user.js";

/** A user of a seed: the fields of the user object and the connected accounts. */
export type SeedUser = NewUser & { readonly connections?: readonly NewConnection[] };

/** A membership of a seed. */
export interface SeedMember extends NewMember {
  /** The id or username of a user of the seed. */
  readonly user: string;
}

/** A guild of a seed. */
export interface SeedGuild extends Omit<NewGuild, "bans"> {
  readonly members?: readonly SeedMember[];
}

/** The initial state of a simulator: the application, changes to the behaviour, users and guilds. */
export interface Seed {
  readonly application?: ApplicationOptions;
  readonly behaviour?: Partial<Behaviour>;
  readonly users?: readonly SeedUser[];
  readonly guilds?: readonly SeedGuild[];
}

/** The types of a field. */
type Kind = "string" | "number" | "boolean" | "list" | "string or null" | "string or number" | "any";
type Fields = Readonly<Record<string, Kind>>;

const SEED_KEYS = ["application", "behaviour", "users", "guilds"];
const APPLICATION_FIELDS: Fields = {
  clientId: "string",
  clientSecret: "string",
  botToken: "string",
  redirectUris: "list",
  appName: "string",
};
const GUILD_FIELDS: Fields = {
  id: "string",
  name: "string",
  icon: "string or null",
  banner: "string or null",
  features: "list",
  bot: "boolean",
  botPermissions: "string or number",
  botTopRole: "string",
  roles: "list",
  channels: "list",
  maxMembers: "number",
  membershipScreening: "boolean",
  members: "list",
};
const ROLE_FIELDS: Fields = {
  id: "string",
  name: "string",
  permissions: "string or number",
  color: "number",
};
const CHANNEL_FIELDS: Fields = { id: "string", name: "string", type: "number" };
const MEMBER_FIELDS: Fields = {
  user: "string",
  roles: "list",
  nick: "string or null",
  permissions: "string or number",
  owner: "boolean",
  avatar: "string or null",
  pending: "boolean",
  mute: "boolean",
  deaf: "boolean",
  flags: "number",
  timedOutUntil: "number",
  voiceChannelId: "string",
  joinedAt: "number",
};

/**
 * Parses a seed from JSON.
 *
 * @throws TypeError for unknown fields and invalid values; the message names the place
 * @throws SyntaxError when the text is not JSON
 */
export function readSeed(text: string): Seed {
  const seed = requireObject(parseJson(text), "the seed", SEED_KEYS);
  if (seed["application"] !== undefined)
    requireFields(seed["application"], "application", APPLICATION_FIELDS);
  if (seed["behaviour"] !== undefined) requireFields(seed["behaviour"], "behaviour", behaviourFields());
  for (const [index, value] of listOf(seed, "users", "users").entries()) {
    const place = `users[${index}]`;
    const user = requireObject(value, place);
    requireKind(user["username"], `${place}.username`, "string");
    requireKind(user["global_name"], `${place}.global_name`, "string or null");
    requireItems(user, place, "connections");
  }
  for (const [index, value] of listOf(seed, "guilds", "guilds").entries()) {
    const place = `guilds[${index}]`;
    const guild = requireFields(value, place, GUILD_FIELDS);
    requireItems(guild, place, "roles", ROLE_FIELDS);
    requireItems(guild, place, "channels", CHANNEL_FIELDS);
    requireItems(guild, place, "members", MEMBER_FIELDS);
  }
  return seed as Seed;
}

/** Adds the users and guilds of a seed. @throws TypeError for a member who is not a user of the seed */
export function plantSeed(discord: DiscordSimulator, { users = [], guilds = [] }: Seed): void {
  const planted = users.map(({ connections = [], ...fields }) => {
    const user = discord.addUser(fields);
    for (const connection of connections) discord.addConnection(user, connection);
    return user;
  });
  for (const [index, { members = [], ...fields }] of guilds.entries()) {
    const guild = discord.addGuild(fields);
    for (const { user, ...member } of members) {
      discord.addMember(guild, findUser(planted, user, `guilds[${index}]`), member);
    }
  }
}

function findUser(users: readonly SimulatedUser[], name: string, place: string): SimulatedUser {
  const found = users.find(({ id, payload }) => id === name || payload.username === name);
  if (found === undefined)
    throw new TypeError(`${place}: no user of the seed has the id or username "${name}".`);
  return found;
}

function requireObject(value: unknown, place: string, keys?: readonly string[]): Record<string, unknown> {
  if (!isObject(value)) throw new TypeError(`${place} must be an object.`);
  const unknown = Object.keys(value).find((key) => keys?.includes(key) === false);
  if (unknown === undefined) return value;
  throw new TypeError(`${place} has the unknown field "${unknown}"; it may have ${keys?.join(", ")}.`);
}

/** Requires that a value has no other fields than these, each of its type. */
function requireFields(value: unknown, place: string, fields: Fields): Record<string, unknown> {
  const object = requireObject(value, place, Object.keys(fields));
  for (const [key, kind] of Object.entries(fields)) requireKind(object[key], `${place}.${key}`, kind);
  return object;
}

function requireItems(value: Record<string, unknown>, place: string, key: string, fields?: Fields): void {
  for (const [index, item] of listOf(value, key, `${place}.${key}`).entries()) {
    const itemPlace = `${place}.${key}[${index}]`;
    if (fields) requireFields(item, itemPlace, fields);
    else requireObject(item, itemPlace);
  }
}

function requireKind(value: unknown, place: string, kind: Kind): void {
  if (value === undefined || kind === "any" || kind.split(" or ").includes(typeOf(value))) return;
  throw new TypeError(`${place} must be a ${kind}.`);
}

/** A switch has the type of its default; null says nothing about it. */
function behaviourFields(): Fields {
  const switches = Object.entries(usualBehaviour());
  const kinds = switches.map(([key, value]) => [key, value === null ? "any" : typeOf(value)]);
  return Object.fromEntries(kinds) as Fields;
}

function typeOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "list" : typeof value;
}

function listOf(value: Record<string, unknown>, key: string, place: string): readonly unknown[] {
  const { [key]: list = [] } = value;
  if (!Array.isArray(list)) throw new TypeError(`${place} must be a list.`);
  return list;
}
