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

/** The type of a field, which may also be null. */
type Kind = "string" | "number" | "boolean" | "list" | "any";
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
  icon: "string",
  banner: "string",
  features: "list",
  bot: "boolean",
  botPermissions: "any",
  botTopRole: "string",
  roles: "list",
  channels: "list",
  maxMembers: "number",
  membershipScreening: "boolean",
  members: "list",
};
const ROLE_FIELDS: Fields = { id: "string", name: "string", permissions: "any", color: "number" };
const CHANNEL_FIELDS: Fields = { id: "string", name: "string", type: "number" };
const MEMBER_FIELDS: Fields = {
  user: "string",
  roles: "list",
  nick: "string",
  permissions: "any",
  owner: "boolean",
  avatar: "string",
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
    requireTexts(user, place, ["username", "global_name"]);
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
  for (const [key, kind] of Object.entries(fields))
    requireKind(object[key] ?? undefined, `${place}.${key}`, kind);
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
  if (value === undefined || kind === "any") return;
  const isRight = kind === "list" ? Array.isArray(value) : typeof value === kind;
  if (!isRight) throw new TypeError(`${place} must be a ${kind}.`);
}

/** The switches have the types of their defaults; null says nothing about the others. */
function behaviourFields(): Fields {
  return Object.fromEntries(Object.entries(usualBehaviour()).map(([key, value]) => [key, kindOf(value)]));
}

function kindOf(value: unknown): Kind {
  if (Array.isArray(value)) return "list";
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" ? type : "any";
}

function requireTexts(value: Record<string, unknown>, place: string, keys: readonly string[]): void {
  const wrong = keys.find((key) => typeof (value[key] ?? "") !== "string");
  if (wrong !== undefined) throw new TypeError(`${place}.${wrong} must be a string.`);
}

function listOf(value: Record<string, unknown>, key: string, place: string): readonly unknown[] {
  const { [key]: list = [] } = value;
  if (!Array.isArray(list)) throw new TypeError(`${place} must be a list.`);
  return list;
}
