import { requireScope } from "../access.js";
import { type Answer, json } from "../answer.js";
import type { AccessToken } from "../authorizations.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import { MOST_GUILDS, type SimulatedGuild } from "../guild.js";
import { countsOf } from "../guild-payload.js";
import { isTrue, selectPage } from "../query-values.js";

const PAGE = { usual: MOST_GUILDS, most: MOST_GUILDS };
const FIRST_VERSION_WITH_TEXT_PERMISSIONS = 8;
const LARGEST_OLD_PERMISSIONS = (1n << 31n) - 1n;

interface Entry {
  readonly guild: SimulatedGuild;
  readonly owner: boolean;
  readonly permissions: bigint;
}

/** Returns the guilds of a user. */
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

/** Returns the guilds of the bot. */
export function listBotGuilds(discord: Discord, call: Call): Answer {
  const guilds = [...discord.world.guilds.values()].filter((guild) => guild.bot);
  const entries = guilds.map((guild) => ({ guild, owner: false, permissions: guild.botPermissions }));
  return listEntries(call, entries, isTrue(call.query["with_counts"]));
}

function listEntries(call: Call, entries: readonly Entry[], withCounts: boolean): Answer {
  const selected = selectPage(call, entries, ({ guild }) => guild.id, PAGE);
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
    ...(withCounts && countsOf(guild)),
  };
}

function writePermissions(permissions: bigint, version: number): object {
  if (version >= FIRST_VERSION_WITH_TEXT_PERMISSIONS) return { permissions: permissions.toString() };
  return {
    permissions: Number(permissions & LARGEST_OLD_PERMISSIONS),
    permissions_new: permissions.toString(),
  };
}
