import type { APIGuildIntegration } from "discord-api-types/v10";
import { isSnowflake } from "../snowflake.js";
import { Guild } from "./guild.js";
import {
  booleanOf,
  dateOf,
  isForeignId,
  isIdentified,
  isObject,
  Model,
  numberOf,
  requireIdentified,
  stringOf,
} from "./model.js";

/** An integration whole, as `GET /guilds/{guild.id}/integrations` has it, or the part that a connection has of it. */
export interface IntegrationPayload extends Partial<Omit<APIGuildIntegration, "id">> {
  /** A snowflake, or a word such as `twitch-partners`. */
  id: string;
  /** The guild it is for, in a connection. */
  guild?: { id: string; name: string; icon: string | null };
}

/**
 * The account at the other service.
 *
 * @see https://docs.discord.com/developers/resources/guild#integration-account-object
 */
export interface IntegrationAccount {
  readonly id: string | undefined;
  readonly name: string | undefined;
}

/**
 * What ties a guild to an account at another service. In a connection it has only `id`, `type`, `account` and `guild`.
 *
 * @see https://docs.discord.com/developers/resources/guild#integration-object
 */
export class Integration extends Model<IntegrationPayload> {
  /** @throws TypeError when the payload is not an object with an `id` */
  constructor(payload: Readonly<IntegrationPayload>) {
    super(requireIdentified(payload, "An integration", isForeignId));
  }

  /** A snowflake, or a word such as `twitch-partners`. */
  override get id(): string {
    return this.payload.id;
  }

  get name(): string | undefined {
    return stringOf(this.payload.name);
  }

  /** `twitch`, `youtube`, `discord`, `guild_subscription`, or one that is new. */
  get type(): string | undefined {
    return stringOf(this.payload.type);
  }

  get enabled(): boolean | undefined {
    return booleanOf(this.payload.enabled);
  }

  get syncing(): boolean | undefined {
    return booleanOf(this.payload.syncing);
  }

  /** The role that subscribers have: a snowflake. */
  get roleId(): string | undefined {
    return stringOf(this.payload.role_id);
  }

  /** What happens to a subscriber whose subscription ends: 0 the role is taken away, 1 they are kicked. */
  get expireBehavior(): number | undefined {
    return numberOf(this.payload.expire_behavior);
  }

  /** {@link expireBehavior}, as Flask-Discord spells it. */
  get expireBehaviour(): number | undefined {
    return this.expireBehavior;
  }

  /** How long a subscriber may be late, in days. */
  get expireGracePeriod(): number | undefined {
    return numberOf(this.payload.expire_grace_period);
  }

  /** The account at the other service. */
  get account(): IntegrationAccount | undefined {
    const { account } = this.payload;
    return isObject(account) ? { id: stringOf(account.id), name: stringOf(account.name) } : undefined;
  }

  /** The guild it is for: name and icon, no permissions. Sent only in a connection. */
  get guild(): Guild | undefined {
    const { guild } = this.payload;
    return isIdentified(guild, isSnowflake) ? Guild.from(guild) : undefined;
  }

  /** When it was last brought up to date. */
  get syncedAt(): Date | undefined {
    return dateOf(this.payload.synced_at);
  }

  /** {@link name}, else {@link id}. */
  override toString(): string {
    return this.name ?? this.id;
  }
}
