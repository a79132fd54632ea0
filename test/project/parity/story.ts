import type { Application, Request, Response } from "express";
import { forward } from "../../support/app.js";
import { type SignedIn, type StoryOptions, startSignedIn } from "../../support/signed-in.js";

/** What a route of an app does. */
type Work<T> = (req: Request, res: Response) => Promise<T> | T;

/** A signed-in visitor, and a function that acts as a route of the app. */
export interface Story extends SignedIn {
  /** Runs the work inside a request of the visitor, or of another browser. */
  run<T>(work: Work<T>, browser?: SignedIn["browser"]): Promise<T>;
}

/** Starts an app with a signed-in user. */
export async function startStory(createApp: () => Application, options: StoryOptions = {}): Promise<Story> {
  let work: Work<unknown> = () => undefined;
  let outcome: Promise<unknown> = Promise.resolve();
  const signedIn = await startSignedIn(createApp, {
    ...options,
    routes(to, discord) {
      options.routes?.(to, discord);
      to.all(
        "/run",
        forward(async (req, res) => {
          outcome = Promise.resolve().then(() => work(req, res));
          await outcome.catch(() => undefined);
          if (!res.headersSent) res.end();
        }),
      );
    },
  });
  return {
    ...signedIn,
    async run<T>(next: Work<T>, browser = signedIn.browser) {
      work = next;
      await browser.get("/run");
      return (await outcome) as T;
    },
  };
}
