import { type TracingChannel, tracingChannel } from "node:diagnostics_channel";
import { now } from "./clock.js";

/** One call to Discord, as subscribers of the channel `express-discord:request` see it. Holds no secrets. */
export interface RequestTrace {
  readonly method: string;
  /** With placeholders instead of ids and tokens. */
  readonly route: string;
  /** In whose name; the application asks the token endpoint itself. */
  readonly subject: "user" | "bot" | "application";
  /** How many requests were sent. */
  attempts: number;
  /** How long rate limits held the call back. */
  waitedMs: number;
  /** Of the last answer. */
  status?: number;
  /** The rate limit the route counts on, as Discord names it. */
  bucket?: string;
  durationMs?: number;
  error?: unknown;
}

/** One refresh of a user's tokens, as subscribers of the channel `express-discord:refresh` see it. */
export interface RefreshTrace {
  readonly userId: string | undefined;
  durationMs?: number;
  error?: unknown;
}

const requests = tracingChannel<unknown, RequestTrace>("express-discord:request");
const refreshes = tracingChannel<unknown, RefreshTrace>("express-discord:refresh");

/** Reports a call to whoever listens. */
export function traceRequest<T>(context: RequestTrace, call: () => Promise<T>): Promise<T> {
  return mayHaveSubscribers(requests) ? trace(requests, context, call) : call();
}

/** Reports a refresh to whoever listens. */
export function traceRefresh<T>(userId: string | undefined, refresh: () => Promise<T>): Promise<T> {
  return mayHaveSubscribers(refreshes) ? trace(refreshes, { userId }, refresh) : refresh();
}

/** Bun does not say whether a channel has subscribers. */
function mayHaveSubscribers({ hasSubscribers }: { readonly hasSubscribers: boolean | undefined }): boolean {
  return hasSubscribers !== false;
}

/** As `TracingChannel.tracePromise`, which would also publish the result: tokens, and what users wrote. */
function trace<Context extends { durationMs?: number; error?: unknown }, T>(
  channel: TracingChannel<unknown, Context>,
  context: Context,
  run: () => Promise<T>,
): Promise<T> {
  const startedAt = now();
  return channel.start.runStores(context, () => {
    const timed = run().finally(() => {
      context.durationMs = now() - startedAt;
    });
    const outcome = timed.catch((error: unknown) => {
      context.error = error;
      channel.error.publish(context);
      throw error;
    });
    channel.end.publish(context);
    return outcome.finally(() => {
      channel.asyncStart.publish(context);
      channel.asyncEnd.publish(context);
    });
  });
}
