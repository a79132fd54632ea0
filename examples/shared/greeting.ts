import type { APIChannel } from "discord-api-types/v10";

/** Discord allows 2,000 characters; a greeting should be shorter. */
export const LONGEST_GREETING = 300;
const TEXT_CHANNEL = 0;

/** What the bot says in a server, and in which channel. */
export interface Greeting {
  readonly channelId: string;
  readonly text: string;
}

/** Returns the channels that a greeting can be posted in. */
export function textChannels(
  channels: readonly APIChannel[],
): { readonly id: string; readonly name: string }[] {
  return channels.flatMap(({ id, type, name }) => (type === TEXT_CHANNEL ? { id, name: name ?? id } : []));
}

/** Reads the form. `problem` says what is wrong with it. */
export function readGreeting(
  body: unknown,
  channels: readonly { readonly id: string }[],
): { readonly greeting: Greeting; readonly problem: string | undefined } {
  const { channelId, text } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const greeting = { channelId: String(channelId ?? ""), text: String(text ?? "").trim() };
  return { greeting, problem: problemOf(greeting, channels) };
}

function problemOf({ channelId, text }: Greeting, channels: readonly { readonly id: string }[]) {
  // The manager of one server must not post in the channels of another.
  if (!channels.some(({ id }) => id === channelId)) return "Choose one of the channels of this server.";
  if (text === "") return "Write a greeting.";
  if (text.length > LONGEST_GREETING) return `Write ${LONGEST_GREETING} characters or fewer.`;
  return undefined;
}
