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

const SEED_KEYS = ["application", "behaviour", "users", "guilds"];
const APPLICATION_KEYS = ["clientId", "clientSecret", "botToken", "redirectUris", "appName"];
const GUILD_KEYS = [
  "id",
  "name",
  "icon",
  "banner",
  "features",
  "bot",
  "botPermissions",
  "botTopRole",
  "roles",
  "channels",
  "maxMembers",
  "membershipScreening",
  "members",
];
const MEMBER_KEYS = [
  "user",
  "roles",
  "nick",
  "permissions",
  "owner",
  "avatar",
  "pending",
  "mute",
  "deaf",
  "flags",
  "timedOutUntil",
  "voiceChannelId",
  "joinedAt",
];

/**
 * Parses a seed from JSON.
 *
 * @throws TypeError for unknown fields and invalid values; the message names the place
 * @throws SyntaxError when the text is not JSON
 */
export function readSeed(text: string): Seed {
  const seed = requireObject(parseJson(text), "the seed", SEED_KEYS);
  if (seed["application"] !== undefined) requireObject(seed["application"], "application", APPLICATION_KEYS);
  if (seed["behaviour"] !== undefined) {
    requireObject(seed["behaviour"], "behaviour", Object.keys(usualBehaviour()));
  }
  for (const [index, value] of listOf(seed, "users", "users").entries()) {
    const place = `users[${index}]`;
    const user = requireObject(value, place);
    requireTexts(user, place, ["username", "global_name"]);
    listOf(user, "connections", `${place}.connections`);
  }
  for (const [index, value] of listOf(seed, "guilds", "guilds").entries()) {
    const place = `guilds[${index}]`;
    const guild = requireObject(value, place, GUILD_KEYS);
    requireTexts(guild, place, ["name"]);
    for (const key of ["roles", "channels", "features"]) listOf(guild, key, `${place}.${key}`);
    for (const [number, member] of listOf(guild, "members", `${place}.members`).entries()) {
      requireObject(member, `${place}.members[${number}]`, MEMBER_KEYS);
    }
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

function requireTexts(value: Record<string, unknown>, place: string, keys: readonly string[]): void {
  const wrong = keys.find((key) => typeof (value[key] ?? "") !== "string");
  if (wrong !== undefined) throw new TypeError(`${place}.${wrong} must be a string.`);
}

function listOf(value: Record<string, unknown>, key: string, place: string): readonly unknown[] {
  const list = value[key] ?? [];
  if (!Array.isArray(list)) throw new TypeError(`${place} must be a list.`);
  return list;
}
