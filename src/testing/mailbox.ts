import type { SimulatedUser } from "./user.js";

const KEPT_MESSAGES = 10_000;

/** A message the bot has sent. */
export interface SentMessage {
  readonly id: string;
  readonly channelId: string;
  /** Who got it, if it was a direct message. */
  readonly recipient: SimulatedUser | undefined;
  readonly content: string;
  /** The whole body of the request. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** The bot's direct-message channels, and what it wrote. */
export class Mailbox {
  readonly messages: SentMessage[] = [];
  readonly #channelOf = new Map<string, string>();
  readonly #recipientOf = new Map<string, SimulatedUser>();

  /** The channel with this user; made at the first call. */
  open(user: SimulatedUser, newId: () => string): string {
    const known = this.#channelOf.get(user.id);
    if (known !== undefined) return known;
    const channelId = newId();
    this.#channelOf.set(user.id, channelId);
    this.#recipientOf.set(channelId, user);
    return channelId;
  }

  recipientOf(channelId: string): SimulatedUser | undefined {
    return this.#recipientOf.get(channelId);
  }

  keep(message: SentMessage): void {
    this.messages.push(message);
    if (this.messages.length > KEPT_MESSAGES) this.messages.shift();
  }
}
