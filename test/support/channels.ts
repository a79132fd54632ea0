import { tracingChannel } from "node:diagnostics_channel";
import { onTestFinished } from "vitest";

/** One event of a channel, with the context at that time. */
export type Heard = readonly [event: string, context: object];

/** Listens to a channel of the library for the rest of one test. */
export function listenTo(name: "request" | "refresh"): Heard[] {
  const heard: Heard[] = [];
  const channel = tracingChannel<unknown, object>(`express-discord:${name}`);
  const note = (event: string) => (context: object) => {
    heard.push([event, { ...context }]);
  };
  const subscribers = {
    start: note("start"),
    end: note("end"),
    asyncStart: note("asyncStart"),
    asyncEnd: note("asyncEnd"),
    error: note("error"),
  };
  channel.subscribe(subscribers);
  onTestFinished(() => {
    channel.unsubscribe(subscribers);
  });
  return heard;
}

/** Returns the contexts of everything that has finished, oldest first. */
export function endedIn(heard: readonly Heard[]): object[] {
  return heard.filter(([event]) => event === "asyncEnd").map(([, context]) => context);
}
