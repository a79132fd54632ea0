import type { APIUser } from "discord-api-types/v10";
import { givenFields } from "./given-fields.js";

type NumericKey = "flags" | "public_flags" | "premium_type";

/** The API's user object, with the fields of the scope `email`. Undocumented fields are allowed. */
export type UserPayload = Omit<APIUser, NumericKey> & { [key in NumericKey]: number } & Record<
    string,
    unknown
  >;

/** The fields of a new user. Missing fields are made up. */
export type NewUser = Partial<Omit<APIUser, NumericKey>> & { [key in NumericKey]?: number } & Record<
    string,
    unknown
  >;

/** The fields of a new connected account. Missing fields are made up. */
export interface NewConnection {
  readonly id?: string;
  readonly name?: string | null;
  /** The platform, such as `steam` or `twitch`. Default: `github`. */
  readonly type?: string;
  readonly verified?: boolean;
  readonly friend_sync?: boolean;
  readonly show_activity?: boolean;
  readonly two_way_link?: boolean;
  readonly visibility?: 0 | 1;
  readonly [extra: string]: unknown;
}

const HIDDEN_FROM_OTHERS = new Set(["email", "verified", "locale", "mfa_enabled", "premium_type"]);

/** A user of the simulated Discord. Tests may change every property. */
export class SimulatedUser {
  /** The response of `/users/@me` with every scope. */
  readonly payload: UserPayload;
  /** The response of `/users/@me/connections`. */
  readonly connections: Record<string, unknown>[] = [];
  /** Whether the account is banned from Discord. Its refresh tokens are rejected. */
  banned = false;
  /** Whether the account must be verified first. Joining a guild fails with 403 and code 50178. */
  needsVerification = false;
  /** Whether Discord restricts joining for this account. Joining a guild fails with 403 and code 340015. */
  joinLimited = false;
  /** Whether the user accepts no direct messages. Sending one fails with 403 and code 50007. */
  directMessagesClosed = false;

  constructor(id: string, fields: NewUser) {
    const username = fields.username ?? `user_${id.slice(-6)}`;
    this.payload = {
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
      ...givenFields(fields),
      id,
    };
  }

  get id(): string {
    return this.payload.id;
  }

  /** The name that Discord shows. */
  get displayName(): string {
    return this.payload.global_name ?? this.payload.username;
  }

  /** Returns the user object for a bearer token with these scopes. */
  seenBySelf(scopes: readonly string[]): Record<string, unknown> {
    const { email, verified, ...own } = this.payload;
    const premium_type = scopes.includes("identify.premium") ? own.premium_type : 0;
    return { ...own, premium_type, ...(scopes.includes("email") && { verified, email }) };
  }

  /** Returns the user object for everybody else. */
  seenByOthers(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this.payload).filter(([key]) => !HIDDEN_FROM_OTHERS.has(key)));
  }
}
