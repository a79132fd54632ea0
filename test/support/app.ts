import type { AddressInfo } from "node:net";
import express5, {
  type Application,
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import session, { type SessionOptions } from "express-session";
import express4 from "express4";
import { onTestFinished } from "vitest";
import { DiscordOAuth2Session, type DiscordOptions, type LoginOptions } from "../../src/index.js";
import {
  type Browser,
  type DiscordSimulator,
  type SimulatorOptions,
  startDiscord,
} from "../../src/testing/index.js";

type CreateApp = () => Application;

/** For stories about the router, the guards and the middleware, which run on both. */
export const EXPRESS: readonly (readonly [name: string, createApp: CreateApp])[] = [
  ["Express 4", express4 as unknown as CreateApp],
  ["Express 5", express5],
];

/** For stories about the core, which do not depend on the version of Express. */
export const LATEST_EXPRESS = EXPRESS.slice(-1);

export interface TestAppOptions {
  readonly discord?: DiscordOptions;
  readonly session?: Partial<SessionOptions>;
  /** Replaces express-session. */
  readonly sessionMiddleware?: RequestHandler;
  readonly login?: LoginOptions | ((req: Request) => LoginOptions);
  readonly create?: (app: Application, options: DiscordOptions) => DiscordOAuth2Session;
  /** Routes of one test, before the error handler. */
  readonly routes?: (app: Application, discord: DiscordOAuth2Session) => void;
  readonly callbackPath?: string;
}

export interface TestApp {
  readonly url: string;
  readonly app: Application;
  readonly discord: DiscordOAuth2Session;
  /** Every error that reached the app's error handler, oldest first. */
  readonly errors: unknown[];
  browser(): Browser;
}

/** A Discord of its own for one test. It names the issuer in redirects, so every login checks it. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<DiscordSimulator> {
  const behaviour = { issOnSuccess: true, issOnError: true, ...options.behaviour };
  const simulator = await startDiscord({ ...options, behaviour });
  onTestFinished(() => simulator.close());
  return simulator;
}

/**
 * A real app for one test, on a port chosen by the system: `/login`, `/callback` (responds with the login as JSON),
 * `/me` (the user's id as JSON), `/logout`, and an error handler that responds with `{ name, code, message }`.
 */
export async function startApp(
  createApp: CreateApp,
  simulator: DiscordSimulator,
  options: TestAppOptions = {},
): Promise<TestApp> {
  const app = createApp();
  const errors: unknown[] = [];
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  app.use(
    options.sessionMiddleware ??
      session({
        secret: "a secret of the session cookie",
        resave: false,
        saveUninitialized: false,
        ...options.session,
      }),
  );
  const { callbackPath = "/callback", create = (to, given) => new DiscordOAuth2Session(to, given) } = options;
  const redirectUri = options.discord?.redirectUri ?? url + callbackPath;
  simulator.addRedirectUri(redirectUri);
  const discord = create(app, { ...simulator.options, ...options.discord, redirectUri });

  const { login = {} } = options;
  app.get(
    "/login",
    forward((req, res) => discord.createSession(req, res, typeof login === "function" ? login(req) : login)),
  );
  app.all(
    "/callback",
    forward(async (req, res) => void res.json(await discord.callback(req, res))),
  );
  app.get(
    "/me",
    forward(async (req, res) => void res.json({ id: (await discord.fetchUser(req)).id })),
  );
  app.post(
    "/logout",
    forward(async (req, res) => {
      await discord.revoke(req, { everywhere: req.query["everywhere"] === "true" });
      res.json({ signedOut: true });
    }),
  );
  options.routes?.(app, discord);

  const answerError: ErrorRequestHandler = (error, _req, res, _next) => {
    errors.push(error);
    if (!res.headersSent)
      res.status(error.status ?? 500).json({ name: error.name, code: error.code, message: error.message });
  };
  app.use(answerError);

  onTestFinished(async () => {
    await discord.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url, app, discord, errors, browser: () => simulator.browser(url) };
}

/** Express 4 does not forward rejections itself. */
export function forward(handler: (req: Request, res: Response) => Promise<unknown>): RequestHandler {
  return (req, res, next) => {
    handler(req, res).catch(next);
  };
}
