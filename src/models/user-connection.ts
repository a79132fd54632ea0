import type { APIConnection } from "discord-api-types/v10";
import { Integration } from "./integration.js";
import { isForeignId, isIdentified, listOf, Model, numberOf, requireIdentified, stringOf } from "./model.js";

/**
 * An account on another platform that a user has connected to their Discord account.
 *
 * @see https://docs.discord.com/developers/resources/user#connection-object
 */
export class UserConnection extends Model<APIConnection> {
  /** @throws TypeError when the payload is not an object with an `id` */
  constructor(payload: Readonly<APIConnection>) {
    super(requireIdentified(payload, "A connection", isForeignId));
  }

  /** The id of the account on that platform. Not a snowflake, and unique only together with {@link type}. */
  override get id(): string {
    return this.payload.id;
  }

  /** The name of the account on that platform. */
  get name(): string | undefined {
    return stringOf(this.payload.name);
  }

  /**
   * The platform, such as `github`. Discord may add values.
   *
   * @see https://docs.discord.com/developers/resources/user#connection-object-services
   */
  get type(): string {
    return stringOf(this.payload.type) ?? "";
  }

  /** Whether the connection is revoked. Default: `false`. */
  get revoked(): boolean {
    return this.payload.revoked === true;
  }

  /** The integrations of the account. Default: an empty list. Discord does not send them to every application. */
  get integrations(): Integration[] {
    return listOf(this.payload.integrations)
      .filter((payload) => isIdentified(payload, isForeignId))
      .map((payload) => Integration.from(payload));
  }

  /** Whether the connection is verified. Default: `false`. */
  get verified(): boolean {
    return this.payload.verified === true;
  }

  /** Whether friend sync is enabled for the connection. Default: `false`. */
  get friendSync(): boolean {
    return this.payload.friend_sync === true;
  }

  /** Whether the user's activity on that platform is shown in their presence. Default: `false`. */
  get showActivity(): boolean {
    return this.payload.show_activity === true;
  }

  /** Whether Discord holds an OAuth2 token of the account on that platform. Default: `false`. */
  get twoWayLink(): boolean {
    return this.payload.two_way_link === true;
  }

  /** Who can see the connection: 0 only the user, 1 everyone. */
  get visibility(): number | undefined {
    return numberOf(this.payload.visibility);
  }

  /** Whether everyone can see the connection. */
  get isVisible(): boolean {
    return Boolean(this.visibility);
  }

  /** Whether the other value is a connection to the same account on the same platform. */
  override equals(other: unknown): boolean {
    return super.equals(other) && other instanceof UserConnection && other.type === this.type;
  }

  /** Returns {@link name}, or {@link id}. */
  override toString(): string {
    return this.name ?? this.id;
  }
}
