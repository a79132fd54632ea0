import { activityCommand, type CommandOutcome } from "./activity-commands.js";
import { publicUrlOf } from "./addresses.js";
import type { Discord } from "./discord.js";
import { textOf } from "./json-text.js";
import type { ActivityFrame } from "./open-activity.js";

const OPCODES = { handshake: 0, frame: 1, close: 2 } as const;

const INVALID_CLIENT_ID = 4000;

/** A message between the Embedded App SDK and Discord's client. */
type Message = readonly [opcode: number, payload: object];

/** The reaction of the client's page to a message of the Embedded App SDK. */
export interface MessageReply {
  /** A message to send to the frame. */
  readonly message?: Message;
  /** The URL of a consent page to show first. The page then sends the message again with the result. */
  readonly consent?: string;
  /** A text to show on the page. */
  readonly status?: string;
}

/**
 * Answers a message of the Embedded App SDK like Discord's client.
 *
 * @param consented the query of the redirect from the consent page
 */
export function replyTo(
  discord: Discord,
  frame: ActivityFrame,
  message: unknown,
  consented: string | undefined,
): MessageReply {
  const [opcode, payload] = Array.isArray(message) ? (message as unknown[]) : [];
  // Not only the SDK posts messages.
  if (typeof payload !== "object" || payload === null) return {};
  const fields = payload as Readonly<Record<string, unknown>>;
  switch (opcode) {
    case OPCODES.handshake:
      return shakeHands(discord, fields);
    case OPCODES.frame:
      return toReply(fields, activityCommand(discord, frame, { ...fields, consented }));
    case OPCODES.close:
      return { status: `The Activity has ended the connection: ${textOf(fields["message"])}` };
    default:
      return {};
  }
}

function shakeHands(discord: Discord, { client_id }: Readonly<Record<string, unknown>>): MessageReply {
  const { id } = discord.application;
  if (client_id !== id) {
    return {
      message: [OPCODES.close, { code: INVALID_CLIENT_ID, message: "Invalid Client ID" }],
      status: `The Activity says that its client id is ${textOf(client_id)}. The application's is ${id}.`,
    };
  }
  const { host } = new URL(publicUrlOf(discord));
  const config = { cdn_host: host, api_endpoint: `//${host}/api`, environment: "production" };
  const ready = { cmd: "DISPATCH", evt: "READY", nonce: null, data: { v: 1, config } };
  return { message: [OPCODES.frame, ready], status: "The Activity is connected." };
}

function toReply({ cmd, nonce }: Readonly<Record<string, unknown>>, outcome: CommandOutcome): MessageReply {
  if ("consent" in outcome) return outcome;
  if ("data" in outcome) {
    const { data, ...rest } = outcome;
    return { message: [OPCODES.frame, { cmd, evt: null, nonce, data }], ...rest };
  }
  return {
    message: [OPCODES.frame, { cmd, evt: "ERROR", nonce, data: outcome.error }],
    status: `${textOf(cmd)} failed: ${outcome.error.message}`,
  };
}
