import type { APIUser } from "discord-api-types/v10";

type NumericKey = "flags" | "public_flags" | "premium_type";

/** A user object as the API sends it, `email` scope included. Keys Discord has not documented are allowed. */
export type UserPayload = Omit<APIUser, NumericKey> & { [key in NumericKey]: number } & Record<
    string,
    unknown
  >;

/** What a test wants to say about a user; the rest is made up. */
export type NewUser = Partial<Omit<APIUser, NumericKey>> & { [key in NumericKey]?: number } & Record<
    string,
    unknown
  >;

/** What a test wants to say about a connected account; the rest is made up. */
export interface NewConnection {
  readonly id?: string;
  readonly name?: string | null;
  /** Such as `steam`, `github`, `twitch`. Default: `github`. */
  readonly type?: string;
  readonly verified?: boolean;
  readonly friend_sync?: boolean;
  readonly show_activity?: boolean;
  readonly two_way_link?: boolean;
  readonly visibility?: 0 | 1;
  readonly [extra: string]: unknown;
}

const HIDDEN_FROM_OTHERS = new Set(["email", "verified", "locale", "mfa_enabled", "premium_type"]);

/** A person with an account at the simulated Discord. Every property may be changed during a test. */
export class SimulatedUser {
  /** What `/users/@me` says, given every scope. */
  readonly payload: UserPayload;
  /** The connected accounts, as `/users/@me/connections` lists them. */
  readonly connections: Record<string, unknown>[] = [];
  /** The account was banned from Discord: its refresh tokens are refused. */
  banned = false;
  /** Discord wants a verification first: joining a guild answers 403 with code 50178. */
  needsVerification = false;
  /** Discord restricts joining for this account: 403 with code 340015. */
  joinLimited = false;
  /** Takes no direct messages: 403 with code 50007. */
  directMessagesClosed = false;

  constructor(id: string, given: NewUser) {
    const username = given.username ?? `user_${id.slice(-6)}`;
    this.payload = {
      id,
      username,
      discriminator: "0",
      global_name: username,
      avatar: null,
      banner: null,
      accent_color: null,
      mfa_enabled: false,
      locale: "en-US",
      flags: 0,
      public_flags: 0,
      premium_type: 0,
      avatar_decoration_data: null,
      collectibles: null,
      primary_guild: null,
      verified: true,
      email: `${username}@example.org`,
      ...given,
    };
  }

  get id(): string {
    return this.payload.id;
  }

  /** The name that Discord shows. */
  get displayName(): string {
    return this.payload.global_name ?? this.payload.username;
  }

  /** The user object for a bearer token with these scopes. */
  seenBySelf(scopes: readonly string[]): Record<string, unknown> {
    const { email, verified, ...own } = this.payload;
    const premium_type = scopes.includes("identify.premium") ? own.premium_type : 0;
    return { ...own, premium_type, ...(scopes.includes("email") && { verified, email }) };
  }

  /** The user object for anybody else. */
  seenByOthers(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this.payload).filter(([key]) => !HIDDEN_FROM_OTHERS.has(key)));
  }
}
