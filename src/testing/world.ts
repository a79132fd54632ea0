import type { SimulatedClock } from "./clock.js";
import { givenFields } from "./given-fields.js";
import {
  type NewGuild,
  type NewMember,
  type SimulatedChannel,
  SimulatedGuild,
  type SimulatedMember,
} from "./guild.js";
import { readPermissions } from "./permissions.js";
import { checkedId, compareSnowflakes, isSnowflake, SnowflakeSequence } from "./snowflake.js";
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

  addUser(fields: NewUser = {}): SimulatedUser {
    const user = new SimulatedUser(checkedId(fields.id ?? this.newId()), fields);
    this.users.set(user.id, user);
    return user;
  }

  addGuild(fields: NewGuild = {}): SimulatedGuild {
    const guild = new SimulatedGuild(checkedId(fields.id ?? this.newId()), fields, ({ id }) =>
      checkedId(id ?? this.newId()),
    );
    this.guilds.set(guild.id, guild);
    return guild;
  }

  addMember(guild: SimulatedGuild, user: SimulatedUser, fields: NewMember = {}): SimulatedMember {
    this.requireOwn(guild, user);
    const { permissions, ...rest } = givenFields(fields);
    const wrongRole = rest.roles?.find((id) => typeof id !== "string" || !isSnowflake(id));
    if (wrongRole !== undefined)
      throw new TypeError(`"${wrongRole}" is not the id of a role: ids are strings of up to 20 digits.`);
    const formerOwner = rest.owner ? guild.owner : undefined;
    if (formerOwner !== undefined) guild.members.set(formerOwner.user.id, { ...formerOwner, owner: false });
    const member: SimulatedMember = {
      joinedAt: this.#clock.now(),
      ...rest,
      permissions: permissions === undefined ? undefined : readPermissions(permissions),
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

  addConnection(user: SimulatedUser, fields: NewConnection = {}): void {
    user.connections.push({
      id: this.newId(),
      name: user.payload.username,
      type: "github",
      verified: true,
      friend_sync: false,
      show_activity: true,
      two_way_link: false,
      visibility: 1,
      ...givenFields(fields),
    });
  }

  /** @throws TypeError for a user or guild of another simulator, or one whose id was used for another one later */
  requireOwn(...things: readonly (SimulatedGuild | SimulatedUser)[]): void {
    for (const thing of things) {
      if (this.users.get(thing.id) === thing || this.guilds.get(thing.id) === thing) continue;
      throw new TypeError(`The user or guild ${thing.id} is not the one that this simulator has.`);
    }
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

  /** Adds a user and a guild if there are no users, so that somebody can sign in. */
  addSomebodyIfEmpty(): void {
    if (this.users.size > 0) return;
    const user = this.addUser({ username: "mira.k", global_name: "Mira", avatar: AVATAR });
    this.addMember(this.addGuild({ name: "Mira's guild", icon: AVATAR }), user, { owner: true });
    this.addConnection(user);
  }
}
