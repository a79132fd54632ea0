import { givenFields } from "./given-fields.js";
import { ALL_PERMISSIONS, allows, DEFAULT_PERMISSIONS, PERMISSIONS, readPermissions } from "./permissions.js";
import { toTimestamp } from "./timestamp.js";
import type { SimulatedUser } from "./user.js";

/** The maximum number of guilds of a user. */
export const MOST_GUILDS = 200;

/** A role of a simulated guild. */
export interface SimulatedRole {
  readonly id: string;
  readonly name: string;
  readonly permissions: bigint;
  /** The colour as 0xRRGGBB. Default: 0, none. */
  readonly color?: number;
}

/** A channel of a simulated guild. */
export interface SimulatedChannel {
  readonly id: string;
  readonly name: string;
  /** The channel type of the API, such as 2 for voice. Default: 0, text. */
  readonly type?: number;
}

/** The fields of a new channel. Missing fields are made up. */
export type NewChannel = Partial<SimulatedChannel>;

/** The fields of a new role. Missing fields are made up. */
export interface NewRole {
  readonly id?: string;
  readonly name?: string;
  readonly permissions?: bigint | string;
  /** The colour as 0xRRGGBB. Default: 0, none. */
  readonly color?: number;
}

/** The fields of a new guild. Missing fields are made up. */
export interface NewGuild {
  readonly id?: string;
  readonly name?: string;
  readonly icon?: string | null;
  readonly banner?: string | null;
  readonly features?: readonly string[];
  /** Whether the application's bot is in the guild. Default: true. */
  readonly bot?: boolean;
  /** The bot's permissions in the guild. Default: all. */
  readonly botPermissions?: bigint | string;
  /** The bot's highest role. The bot can change only roles and members below it. Default: above all but the owner. */
  readonly botTopRole?: string;
  /** The roles besides `@everyone`, whose id is the guild's id. Lowest first. */
  readonly roles?: readonly NewRole[];
  /** The channels. Default: one. */
  readonly channels?: readonly NewChannel[];
  /** The maximum number of members. Further users cannot join (code 30019). */
  readonly maxMembers?: number;
  /** The banned users. */
  readonly bans?: readonly SimulatedUser[];
  /** Whether new members stay `pending` unless they get roles. */
  readonly membershipScreening?: boolean;
}

/** The fields of a new member. Missing fields are made up. */
export interface NewMember {
  readonly roles?: readonly string[];
  readonly nick?: string | null;
  /** The member's permissions, sent unchanged. Default: those of the roles; all for owners and administrators. */
  readonly permissions?: bigint | string;
  readonly owner?: boolean;
  readonly avatar?: string | null;
  readonly pending?: boolean;
  readonly mute?: boolean;
  readonly deaf?: boolean;
  readonly flags?: number;
  /** When a timeout ends, in epoch milliseconds. Default: no timeout. */
  readonly timedOutUntil?: number | undefined;
  /** The voice channel the member is connected to. */
  readonly voiceChannelId?: string | undefined;
  /** When the member joined, in epoch milliseconds. Default: now. */
  readonly joinedAt?: number;
}

/** A user's membership in one guild. */
export interface SimulatedMember extends Omit<NewMember, "joinedAt" | "permissions"> {
  readonly user: SimulatedUser;
  readonly permissions: bigint | undefined;
  readonly joinedAt: number;
}

/** A guild ("server"). Tests may change every property except the id. */
export class SimulatedGuild {
  readonly id: string;
  name: string;
  icon: string | null;
  banner: string | null;
  features: string[];
  /** Whether the application's bot is in the guild. */
  bot: boolean;
  botPermissions: bigint;
  /** The bot's highest role; `undefined` if the bot is above all but the owner. */
  botTopRole: string | undefined;
  maxMembers: number;
  membershipScreening: boolean;
  readonly roles: Map<string, SimulatedRole>;
  readonly channels: SimulatedChannel[];
  /** The ids of banned users. */
  readonly bans: Set<string>;
  /** The reasons of bans, by user id. */
  readonly banReasons = new Map<string, string>();
  /** The members, by user id. Add members with `discord.addMember`. */
  readonly members = new Map<string, SimulatedMember>();

  /** @param idOf returns the id in the fields of a role or channel, or a new one */
  constructor(id: string, fields: NewGuild, idOf: (fields: NewRole | NewChannel) => string) {
    this.id = id;
    this.name = fields.name ?? `Guild ${id.slice(-4)}`;
    this.icon = fields.icon ?? null;
    this.banner = fields.banner ?? null;
    this.features = [...(fields.features ?? [])];
    this.bot = fields.bot ?? true;
    this.botPermissions = readPermissions(fields.botPermissions ?? PERMISSIONS.administrator);
    this.botTopRole = fields.botTopRole;
    this.maxMembers = fields.maxMembers ?? 500_000;
    this.membershipScreening = fields.membershipScreening ?? false;
    const everyone = { id, name: "@everyone", permissions: DEFAULT_PERMISSIONS };
    this.roles = new Map([[id, everyone]]);
    for (const role of fields.roles ?? []) {
      const roleId = idOf(role);
      this.roles.set(roleId, {
        id: roleId,
        name: role.name ?? `Role ${roleId.slice(-4)}`,
        permissions: readPermissions(role.permissions ?? 0n),
        color: role.color ?? 0,
      });
    }
    const channels = fields.channels ?? [{}];
    this.channels = channels.map((channel) => ({
      name: "general",
      ...givenFields(channel),
      id: idOf(channel),
    }));
    this.bans = new Set((fields.bans ?? []).map((user) => user.id));
  }

  /** The owner; `undefined` if the test has not set one. */
  get owner(): SimulatedMember | undefined {
    return [...this.members.values()].find((member) => member.owner);
  }

  /** Returns a member's permissions in the guild, without channel overwrites. */
  permissionsOf(member: SimulatedMember): bigint {
    if (member.permissions !== undefined) return member.permissions;
    let permissions = this.roles.get(this.id)?.permissions ?? 0n;
    for (const role of member.roles ?? []) permissions |= this.roles.get(role)?.permissions ?? 0n;
    return member.owner || allows(permissions, PERMISSIONS.administrator) ? ALL_PERMISSIONS : permissions;
  }

  /** Whether a user is a member and has these permissions. */
  lets(user: SimulatedUser, needed: bigint): boolean {
    const member = this.members.get(user.id);
    return member !== undefined && allows(this.permissionsOf(member), needed);
  }

  /** Whether the bot is a member and has these permissions. */
  letsBot(needed: bigint): boolean {
    return this.bot && allows(this.botPermissions, needed);
  }

  /** Whether the bot's highest role is above a role. */
  botOutranksRole(roleId: string): boolean {
    const order = [...this.roles.keys()];
    return this.botTopRole === undefined || order.indexOf(roleId) < order.indexOf(this.botTopRole);
  }

  /** Whether the bot's highest role is above a member's. Nobody is above the owner. */
  botOutranks(member: SimulatedMember): boolean {
    return !member.owner && (member.roles ?? []).every((roleId) => this.botOutranksRole(roleId));
  }
}

/** What others see of a member, who may be the bot. */
type SeenMember = Omit<SimulatedMember, "permissions" | "user"> & {
  readonly user: Pick<SimulatedUser, "seenByOthers">;
};

/** The guild member object of the API. */
export function memberPayload(member: SeenMember): Record<string, unknown> {
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
