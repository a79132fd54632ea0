import { ALL_PERMISSIONS, allows, DEFAULT_PERMISSIONS, PERMISSIONS } from "./permissions.js";
import { toTimestamp } from "./timestamp.js";
import type { SimulatedUser } from "./user.js";

/** How many guilds a user can be in. */
export const MOST_GUILDS = 200;

/** A role of a simulated guild. */
export interface SimulatedRole {
  readonly id: string;
  readonly name: string;
  readonly permissions: bigint;
  /** 0xRRGGBB. Default: 0, none. */
  readonly color?: number;
}

/** A channel of a simulated guild. */
export interface SimulatedChannel {
  readonly id: string;
  readonly name: string;
  /** As the API numbers it, such as 2 for voice. Default: 0, text. */
  readonly type?: number;
}

/** What a test wants to say about a guild; the rest is made up. */
export interface NewGuild {
  readonly id?: string;
  readonly name?: string;
  readonly icon?: string | null;
  readonly banner?: string | null;
  readonly features?: readonly string[];
  /** Whether the bot of the application is in it. Default: true. */
  readonly bot?: boolean;
  /** What the bot may do there. Default: everything. */
  readonly botPermissions?: bigint | string;
  /** The highest role of the bot; it changes only roles and members below. Default: above everybody but the owner. */
  readonly botTopRole?: string;
  /** Besides @everyone, which has the guild's id; lowest first. */
  readonly roles?: readonly {
    readonly id: string;
    readonly name?: string;
    readonly permissions?: bigint | string;
    /** 0xRRGGBB. Default: 0, none. */
    readonly color?: number;
  }[];
  readonly channels?: readonly SimulatedChannel[];
  /** At this many members nobody else can join (code 30019). */
  readonly maxMembers?: number;
  /** Users who are banned there. */
  readonly bans?: readonly SimulatedUser[];
  /** New members stay `pending` unless they are given roles. */
  readonly membershipScreening?: boolean;
}

/** What a test wants to say about a member; the rest is made up. */
export interface NewMember {
  readonly roles?: readonly string[];
  readonly nick?: string | null;
  /** Sent exactly so. Absent: what the roles give, and everything for an owner or administrator. */
  readonly permissions?: bigint | string;
  readonly owner?: boolean;
  readonly avatar?: string | null;
  readonly pending?: boolean;
  readonly mute?: boolean;
  readonly deaf?: boolean;
  readonly flags?: number;
  /** When a timeout ends, in epoch milliseconds. Absent: not timed out. */
  readonly timedOutUntil?: number | undefined;
  /** The voice channel the member is connected to. */
  readonly voiceChannelId?: string | undefined;
  /** Epoch milliseconds. Default: now. */
  readonly joinedAt?: number;
}

/** A user's membership in one guild. */
export interface SimulatedMember extends Omit<NewMember, "joinedAt" | "permissions"> {
  readonly user: SimulatedUser;
  readonly permissions: bigint | undefined;
  readonly joinedAt: number;
}

/** A guild ("server"). Every property but the id may be changed during a test. */
export class SimulatedGuild {
  readonly id: string;
  name: string;
  icon: string | null;
  banner: string | null;
  features: string[];
  /** Whether the bot of the application is in it. */
  bot: boolean;
  botPermissions: bigint;
  /** The highest role of the bot; undefined: it stands above everybody but the owner. */
  botTopRole: string | undefined;
  maxMembers: number;
  membershipScreening: boolean;
  readonly roles: Map<string, SimulatedRole>;
  readonly channels: SimulatedChannel[];
  /** Ids of banned users. */
  readonly bans: Set<string>;
  /** Why, by user id. */
  readonly banReasons = new Map<string, string>();
  /** By user id. Add with `discord.addMember`. */
  readonly members = new Map<string, SimulatedMember>();

  constructor(id: string, given: NewGuild) {
    this.id = id;
    this.name = given.name ?? `Guild ${id.slice(-4)}`;
    this.icon = given.icon ?? null;
    this.banner = given.banner ?? null;
    this.features = [...(given.features ?? [])];
    this.bot = given.bot ?? true;
    this.botPermissions = BigInt(given.botPermissions ?? PERMISSIONS.administrator);
    this.botTopRole = given.botTopRole;
    this.maxMembers = given.maxMembers ?? 500_000;
    this.membershipScreening = given.membershipScreening ?? false;
    const everyone = { id, name: "@everyone", permissions: DEFAULT_PERMISSIONS };
    this.roles = new Map([[id, everyone]]);
    for (const role of given.roles ?? []) {
      this.roles.set(role.id, {
        id: role.id,
        name: role.name ?? `Role ${role.id.slice(-4)}`,
        permissions: BigInt(role.permissions ?? 0n),
        color: role.color ?? 0,
      });
    }
    this.channels = [...(given.channels ?? [])];
    this.bans = new Set((given.bans ?? []).map((user) => user.id));
  }

  /** Who owns it; undefined: nobody the test has named. */
  get owner(): SimulatedMember | undefined {
    return [...this.members.values()].find((member) => member.owner);
  }

  /** What a member may do here, channels left aside. */
  permissionsOf(member: SimulatedMember): bigint {
    if (member.permissions !== undefined) return member.permissions;
    let permissions = this.roles.get(this.id)?.permissions ?? 0n;
    for (const role of member.roles ?? []) permissions |= this.roles.get(role)?.permissions ?? 0n;
    return member.owner || allows(permissions, PERMISSIONS.administrator) ? ALL_PERMISSIONS : permissions;
  }

  /** Whether a user is here and may do this. */
  lets(user: SimulatedUser, needed: bigint): boolean {
    const member = this.members.get(user.id);
    return member !== undefined && allows(this.permissionsOf(member), needed);
  }

  /** Whether the bot is here and may do this. */
  letsBot(needed: bigint): boolean {
    return this.bot && allows(this.botPermissions, needed);
  }

  /** Whether the bot stands above a role. */
  botOutranksRole(roleId: string): boolean {
    const order = [...this.roles.keys()];
    return this.botTopRole === undefined || order.indexOf(roleId) < order.indexOf(this.botTopRole);
  }

  /** Whether the bot stands above a member: nobody stands above the owner. */
  botOutranks(member: SimulatedMember): boolean {
    return !member.owner && (member.roles ?? []).every((roleId) => this.botOutranksRole(roleId));
  }
}

/** The guild member object of the API. */
export function memberPayload(member: SimulatedMember): Record<string, unknown> {
  const { timedOutUntil } = member;
  return {
    user: member.user.seenByOthers(),
    nick: member.nick ?? null,
    avatar: member.avatar ?? null,
    banner: null,
    roles: member.roles ?? [],
    joined_at: toTimestamp(member.joinedAt),
    premium_since: null,
    communication_disabled_until: timedOutUntil === undefined ? null : toTimestamp(timedOutUntil),
    deaf: member.deaf ?? false,
    mute: member.mute ?? false,
    pending: member.pending ?? false,
    flags: member.flags ?? 0,
  };
}
