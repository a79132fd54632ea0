import type { UploadedFile } from "./body.js";
import type { SimulatedUser } from "./user.js";

const KEPT_MESSAGES = 10_000;
const KEPT_BYTES = 256 * 1024 * 1024;

/** A file sent with a message. */
export interface SentFile extends UploadedFile {
  readonly id: string;
}

/** A message from the bot or a webhook. */
export interface SentMessage {
  readonly id: string;
  readonly channelId: string;
  /** The recipient of a direct message. */
  readonly recipient: SimulatedUser | undefined;
  /** The id of the webhook; `undefined` for a message from the bot. */
  readonly webhookId: string | undefined;
  readonly content: string;
  /** The whole body of the request, or `payload_json` of a multipart request. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The attached files. */
  readonly files: readonly SentFile[];
}

/** A message without an id. */
export interface NewMessage extends Omit<SentMessage, "id" | "files"> {
  readonly files: readonly UploadedFile[];
}

/** The bot's direct message channels, and all messages. */
export class Mailbox {
  readonly messages: SentMessage[] = [];
  readonly #channelOf = new Map<string, string>();
  readonly #recipientOf = new Map<string, SimulatedUser>();
  #keptBytes = 0;

  /** Returns the channel with this user. Creates it at the first call. */
  open(user: SimulatedUser, newId: () => string): string {
    const existing = this.#channelOf.get(user.id);
    if (existing !== undefined) return existing;
    const channelId = newId();
    this.#channelOf.set(user.id, channelId);
    this.#recipientOf.set(channelId, user);
    return channelId;
  }

  recipientOf(channelId: string): SimulatedUser | undefined {
    return this.#recipientOf.get(channelId);
  }

  /** Stores a message. Drops the oldest ones if there are too many or their files are too large. */
  keep({ files, ...rest }: NewMessage, newId: () => string): SentMessage {
    const message = { id: newId(), ...rest, files: files.map((file) => ({ id: newId(), ...file })) };
    this.messages.push(message);
    this.#keptBytes += sizeOf(message);
    this.#dropOldest();
    return message;
  }

  #dropOldest(): void {
    while (this.messages.length > KEPT_MESSAGES || this.#keptBytes > KEPT_BYTES) {
      const oldest = this.messages.shift();
      if (oldest !== undefined) this.#keptBytes -= sizeOf(oldest);
    }
  }
}

function sizeOf({ files }: SentMessage): number {
  return files.reduce((total, { bytes }) => total + bytes.length, 0);
}
