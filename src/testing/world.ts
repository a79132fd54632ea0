import type { SimulatedClock } from "./clock.js";
import {
  type NewGuild,
  type NewMember,
  type SimulatedChannel,
  SimulatedGuild,
  type SimulatedMember,
} from "./guild.js";
import { compareSnowflakes, SnowflakeSequence } from "./snowflake.js";
import { type NewConnection, type NewUser, SimulatedUser } from "./user.js";

/** The hash of an image. The simulator draws an image for every hash. */
const AVATAR = "0123456789abcdef0123456789abcdef";

/** The users and guilds of the simulated Discord. */
export class World {
  readonly users = new Map<string, SimulatedUser>();
  readonly guilds = new Map<string, SimulatedGuild>();
  readonly #guildsOfUser = new Map<string, Set<SimulatedGuild>>();
  readonly #clock: SimulatedClock;
  readonly #ids = new SnowflakeSequence();

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  newId(): string {
    return this.#ids.next(this.#clock.now());
  }

  addUser(given: NewUser = {}): SimulatedUser {
    const user = new SimulatedUser(given.id ?? this.newId(), given);
    this.users.set(user.id, user);
    return user;
  }

  addGuild(given: NewGuild = {}): SimulatedGuild {
    const channels = given.channels ?? [{ id: this.newId(), name: "general" }];
    const guild = new SimulatedGuild(given.id ?? this.newId(), { ...given, channels });
    this.guilds.set(guild.id, guild);
    return guild;
  }

  addMember(guild: SimulatedGuild, user: SimulatedUser, given: NewMember = {}): SimulatedMember {
    const { permissions, ...rest } = given;
    const member: SimulatedMember = {
      joinedAt: this.#clock.now(),
      ...rest,
      permissions: permissions === undefined ? undefined : BigInt(permissions),
      user,
    };
    guild.members.set(user.id, member);
    const guilds = this.#guildsOfUser.get(user.id) ?? new Set();
    this.#guildsOfUser.set(user.id, guilds.add(guild));
    return member;
  }

  removeMember(guild: SimulatedGuild, user: SimulatedUser): void {
    guild.members.delete(user.id);
    this.#guildsOfUser.get(user.id)?.delete(guild);
  }

  addConnection(user: SimulatedUser, given: NewConnection = {}): void {
    user.connections.push({
      id: this.newId(),
      name: user.payload.username,
      type: "github",
      verified: true,
      friend_sync: false,
      show_activity: true,
      two_way_link: false,
      visibility: 1,
      ...given,
    });
  }

  /** Finds a channel and its guild. */
  findChannel(id: string): { guild: SimulatedGuild; channel: SimulatedChannel } | undefined {
    for (const guild of this.guilds.values()) {
      const channel = guild.channels.find((candidate) => candidate.id === id);
      if (channel !== undefined) return { guild, channel };
    }
    return undefined;
  }

  /** Returns the guilds of a user, sorted by id. */
  guildsOf(user: SimulatedUser): SimulatedGuild[] {
    return [...(this.#guildsOfUser.get(user.id) ?? [])].sort((a, b) => compareSnowflakes(a.id, b.id));
  }

  /** Adds a user to sign in with if there is none, for trying out an app. */
  addSomebodyIfEmpty(): void {
    if (this.users.size > 0) return;
    const user = this.addUser({ username: "mira.k", global_name: "Mira", avatar: AVATAR });
    this.addMember(this.addGuild({ name: "Mira's guild", icon: AVATAR }), user, { owner: true });
    this.addConnection(user);
  }
}
