import { requireScope } from "../access.js";
import { type Answer, json, refuse } from "../answer.js";
import { invalidField, notSnowflake } from "../api-errors.js";
import type { AccessToken } from "../authorizations.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import { MOST_GUILDS, type SimulatedGuild } from "../guild.js";
import { compareSnowflakes, isSnowflake } from "../snowflake.js";

const FIRST_VERSION_WITH_TEXT_PERMISSIONS = 8;
const LARGEST_OLD_PERMISSIONS = (1n << 31n) - 1n;

interface Entry {
  readonly guild: SimulatedGuild;
  readonly owner: boolean;
  readonly permissions: bigint;
}

/** The guilds a user is in. */
export function listUserGuilds(discord: Discord, call: Call, token: AccessToken): Answer {
  const { user } = token.authorization;
  const asksForCounts = isTrue(call.query["with_counts"]);
  const maySeeCounts = token.scopes.includes("guilds.members.read");
  if (asksForCounts && !maySeeCounts && discord.behaviour.missingCountsScope === "refuse") {
    requireScope(discord, token, "guilds.members.read");
  }
  const entries = discord.world.guildsOf(user).flatMap((guild) => {
    const member = guild.members.get(user.id);
    return member ? [{ guild, owner: member.owner ?? false, permissions: guild.permissionsOf(member) }] : [];
  });
  return listEntries(call, entries, asksForCounts && maySeeCounts);
}

/** The guilds the bot is in. */
export function listBotGuilds(discord: Discord, call: Call): Answer {
  const guilds = [...discord.world.guilds.values()].filter((guild) => guild.bot);
  guilds.sort((a, b) => compareSnowflakes(a.id, b.id));
  const entries = guilds.map((guild) => ({ guild, owner: false, permissions: guild.botPermissions }));
  return listEntries(call, entries, isTrue(call.query["with_counts"]));
}

function listEntries(call: Call, entries: readonly Entry[], withCounts: boolean): Answer {
  const limit = readLimit(call);
  const after = readId(call, "after");
  const before = readId(call, "before");
  const inRange = entries.filter(
    ({ guild }) =>
      (after === undefined || compareSnowflakes(guild.id, after) > 0) &&
      (before === undefined || compareSnowflakes(guild.id, before) < 0),
  );
  const selected =
    before !== undefined && after === undefined ? inRange.slice(-limit) : inRange.slice(0, limit);
  return json(
    200,
    selected.map((entry) => toItem(entry, call.version, withCounts)),
  );
}

function toItem({ guild, owner, permissions }: Entry, version: number, withCounts: boolean): object {
  return {
    id: guild.id,
    name: guild.name,
    icon: guild.icon,
    banner: guild.banner,
    owner,
    ...writePermissions(permissions, version),
    features: guild.features,
    ...(withCounts && {
      approximate_member_count: guild.members.size,
      approximate_presence_count: guild.members.size,
    }),
  };
}

function writePermissions(permissions: bigint, version: number): object {
  if (version >= FIRST_VERSION_WITH_TEXT_PERMISSIONS) return { permissions: permissions.toString() };
  return {
    permissions: Number(permissions & LARGEST_OLD_PERMISSIONS),
    permissions_new: permissions.toString(),
  };
}

function readLimit(call: Call): number {
  const text = call.query["limit"] ?? String(MOST_GUILDS);
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= MOST_GUILDS) return limit;
  return refuse(
    invalidField("limit", "NUMBER_TYPE_MAX", `int value should be between 1 and ${MOST_GUILDS}.`),
  );
}

function readId(call: Call, name: "before" | "after"): string | undefined {
  const value = call.query[name];
  if (value === undefined || isSnowflake(value)) return value;
  return refuse(notSnowflake(name, value));
}

function isTrue(value: string | undefined): boolean {
  return value === "true" || value === "True" || value === "1";
}
