import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import { now } from "./clock.js";

/** A call to Discord, as published on the channel `express-discord:request`. Contains no secrets. */
export interface RequestTrace {
  readonly method: string;
  /** With placeholders instead of ids and tokens. */
  readonly route: string;
  /** Who makes the call: a user, the bot, or the application itself (at the token endpoint). */
  readonly subject: "user" | "bot" | "application";
  /** The number of requests sent. */
  attempts: number;
  /** How long the call waited for rate limits, in milliseconds. */
  waitedMs: number;
  /** The status of the last response. */
  status?: number;
  /** Discord's id of the route's rate limit. */
  bucket?: string;
  durationMs?: number;
  error?: unknown;
}

/** A refresh of a user's tokens, as published on the channel `express-discord:refresh`. */
export interface RefreshTrace {
  readonly userId: string | undefined;
  durationMs?: number;
  error?: unknown;
}

const requests = tracingChannel<unknown, RequestTrace>("express-discord:request");
const refreshes = tracingChannel<unknown, RefreshTrace>("express-discord:refresh");

/** Publishes a call to the subscribers of its channel. */
export function traceRequest<T>(context: RequestTrace, call: () => Promise<T>): Promise<T> {
  return trace(requests, context, call);
}

/** Publishes a refresh to the subscribers of its channel. */
export function traceRefresh<T>(userId: string | undefined, refresh: () => Promise<T>): Promise<T> {
  return trace(refreshes, { userId }, refresh);
}

/** Traces without publishing the result, which contains tokens and user data. */
async function trace<Context extends { durationMs?: number; error?: unknown }, T>(
  channel: TracingChannel<unknown, Context>,
  context: Context,
  run: () => Promise<T>,
): Promise<T> {
  // On Bun, hasSubscribers is undefined.
  if ((channel.hasSubscribers as boolean | undefined) === false) return run();
  const startedAt = now();
  let result: T | undefined;
  await channel.tracePromise(async () => {
    try {
      result = await run();
    } finally {
      context.durationMs = now() - startedAt;
    }
  }, context);
  return result as T;
}
