import type { APIConnection } from "discord-api-types/v10";
import { Integration } from "./integration.js";
import { isForeignId, isIdentified, listOf, Model, numberOf, requireIdentified, stringOf } from "./model.js";

/**
 * An account at another service that a user has connected with theirs at Discord.
 *
 * @see https://docs.discord.com/developers/resources/user#connection-object
 */
export class UserConnection extends Model<APIConnection> {
  /** @throws TypeError when the payload is not an object with an `id` */
  constructor(payload: Readonly<APIConnection>) {
    super(requireIdentified(payload, "A connection", isForeignId));
  }

  /** The id of the account at that service: no snowflake, and unique only together with {@link type}. */
  override get id(): string {
    return this.payload.id;
  }

  /** The name of the account at that service. */
  get name(): string | undefined {
    return stringOf(this.payload.name);
  }

  /**
   * The service, such as `github`: a list open to new words.
   *
   * @see https://docs.discord.com/developers/resources/user#connection-object-services
   */
  get type(): string {
    return stringOf(this.payload.type) ?? "";
  }

  /** Default `false`. */
  get revoked(): boolean {
    return this.payload.revoked === true;
  }

  /** Default none: Discord does not send them to every application. */
  get integrations(): Integration[] {
    return listOf(this.payload.integrations)
      .filter((payload) => isIdentified(payload, isForeignId))
      .map((payload) => Integration.from(payload));
  }

  /** Default `false`. */
  get verified(): boolean {
    return this.payload.verified === true;
  }

  /** Default `false`. */
  get friendSync(): boolean {
    return this.payload.friend_sync === true;
  }

  /** Whether what the user does there is shown in their presence. Default `false`. */
  get showActivity(): boolean {
    return this.payload.show_activity === true;
  }

  /** Whether voice can be moved to a console. Default `false`. */
  get twoWayLink(): boolean {
    return this.payload.two_way_link === true;
  }

  /** Who sees it: 0 the user alone, 1 everyone. */
  get visibility(): number | undefined {
    return numberOf(this.payload.visibility);
  }

  /** Whether others than the user see it. */
  get isVisible(): boolean {
    return Boolean(this.visibility);
  }

  /** Whether the other value is a connection to the same account at the same service. */
  override equals(other: unknown): boolean {
    return super.equals(other) && other instanceof UserConnection && other.type === this.type;
  }

  /** {@link name}, else {@link id}. */
  override toString(): string {
    return this.name ?? this.id;
  }
}
