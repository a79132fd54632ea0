import type { APIGuildIntegration } from "discord-api-types/v10";
import { isRecord } from "../check-options.js";
import { isSnowflake } from "../snowflake.js";
import { Guild } from "./guild.js";
import {
  booleanOf,
  dateOf,
  isForeignId,
  isIdentified,
  Model,
  numberOf,
  requireIdentified,
  stringOf,
} from "./model.js";

/** A complete integration, as in `GET /guilds/{guild.id}/integrations`, or the partial integration of a connection. */
export interface IntegrationPayload extends Partial<Omit<APIGuildIntegration, "id">> {
  /** A snowflake, or a word such as `twitch-partners`. */
  id: string;
  /** In a connection: the guild of the integration. */
  guild?: { id: string; name: string; icon: string | null };
}

/**
 * The account of an integration on the other platform.
 *
 * @see https://docs.discord.com/developers/resources/guild#integration-account-object
 */
export interface IntegrationAccount {
  readonly id: string | undefined;
  readonly name: string | undefined;
}

/**
 * An integration of a guild with an account on another platform. In a connection it has only `id`, `type`,
 * `account` and `guild`.
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

  /** `twitch`, `youtube`, `discord` or `guild_subscription`. Discord may add types. */
  get type(): string | undefined {
    return stringOf(this.payload.type);
  }

  get enabled(): boolean | undefined {
    return booleanOf(this.payload.enabled);
  }

  get syncing(): boolean | undefined {
    return booleanOf(this.payload.syncing);
  }

  /** The id of the subscribers' role: a snowflake. */
  get roleId(): string | undefined {
    return stringOf(this.payload.role_id);
  }

  /** What happens when a subscription ends: 0 removes the role, 1 kicks the member. */
  get expireBehavior(): number | undefined {
    return numberOf(this.payload.expire_behavior);
  }

  /** The same as {@link expireBehavior}, in Flask-Discord's spelling. */
  get expireBehaviour(): number | undefined {
    return this.expireBehavior;
  }

  /** The grace period before a subscription expires, in days. */
  get expireGracePeriod(): number | undefined {
    return numberOf(this.payload.expire_grace_period);
  }

  /** The account on the other platform. */
  get account(): IntegrationAccount | undefined {
    const { account } = this.payload;
    return isRecord(account) ? { id: stringOf(account.id), name: stringOf(account.name) } : undefined;
  }

  /** The guild, with name and icon but without permissions. Discord sends it only in a connection. */
  get guild(): Guild | undefined {
    const { guild } = this.payload;
    return isIdentified(guild, isSnowflake) ? Guild.from(guild) : undefined;
  }

  /** When the integration was last synced. */
  get syncedAt(): Date | undefined {
    return dateOf(this.payload.synced_at);
  }

  /** Returns {@link name}, or {@link id}. */
  override toString(): string {
    return this.name ?? this.id;
  }
}
