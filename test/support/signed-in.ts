import type { Application } from "express";
import {
  type DiscordOAuth2Session,
  type DiscordOptions,
  HttpException,
  requiresAuthorization,
  requiresScopes,
} from "../../src/index.js";
import type {
  Behaviour,
  Browser,
  BrowserResponse,
  DiscordSimulator,
  FaultKind,
  SimulatedUser,
} from "../../src/testing/index.js";
import { forward, startApp, startSimulator, type TestApp, type TestAppOptions } from "./app.js";
import { movableClock } from "./clock.js";

export const WEEK_MS = 604_800_000;

/** A signed-in visitor of an app, with a Discord whose time moves together with the app's. */
export interface SignedIn {
  readonly simulator: DiscordSimulator;
  readonly app: TestApp;
  readonly user: SimulatedUser;
  readonly browser: Browser;
  /** Moves the time of the app and of Discord. */
  advance(ms: number): void;
}

/** The start of a story, besides the app. */
export interface StoryOptions extends TestAppOptions {
  readonly scopes?: readonly string[];
  readonly behaviour?: Partial<Behaviour>;
}

/** Starts the app of {@link dataRoutes} and signs a user in. The log of the simulator begins after that. */
export async function startSignedIn(
  createApp: () => Application,
  { scopes = ["identify"], behaviour, routes, ...options }: StoryOptions = {},
): Promise<SignedIn> {
  const simulator = await startSimulator({ behaviour: behaviour ?? {} });
  const clock = movableClock();
  const app = await startApp(createApp, simulator, {
    ...options,
    discord: { scopes, ...options.discord },
    routes(to, discord) {
      dataRoutes(to, discord);
      routes?.(to, discord);
    },
  });
  const user = simulator.addUser();
  const browser = app.browser();
  await browser.signIn("/login", { user });
  simulator.clearRequests();
  const advance = (ms: number) => {
    clock.advance(ms);
    simulator.clock.advance(ms);
  };
  return { simulator, app, user, browser, advance };
}

/**
 * Everything an app can fetch: `/guarded`, `/authorized`, `/scopes`, `/scoped` (needs guilds), `/user`, `/guilds`,
 * `/connections`, `/member/:id`, `/join/:id`, `/request?route=`, `/bot?route=`; with `?fresh=true` or `?maxAgeMs=`.
 */
function dataRoutes(app: Application, discord: DiscordOAuth2Session): void {
  const optionsOf = (query: Readonly<Record<string, unknown>>) => ({
    fresh: query["fresh"] === "true",
    maxAgeMs: query["maxAgeMs"] === undefined ? undefined : Number(query["maxAgeMs"]),
  });
  app.get("/guarded", requiresAuthorization, (_req, res) => void res.json({ passed: true }));
  app.get("/scoped", requiresScopes("guilds"), (_req, res) => void res.json({ passed: true }));
  app.get(
    "/authorized",
    forward(async (req, res) => void res.json(await discord.isAuthorized(req))),
  );
  app.get(
    "/scopes",
    forward(async (req, res) => void res.json(await discord.grantedScopes(req))),
  );
  app.get(
    "/user",
    forward(async (req, res) => void res.json(await discord.fetchUser(req, optionsOf(req.query)))),
  );
  app.get(
    "/guilds",
    forward(async (req, res) => void res.json(await discord.fetchGuilds(req, optionsOf(req.query)))),
  );
  app.get(
    "/connections",
    forward(async (req, res) => void res.json(await discord.fetchConnections(req, optionsOf(req.query)))),
  );
  app.get(
    "/member/:id",
    forward(async (req, res) => void res.json(await discord.fetchMember(req, String(req.params["id"])))),
  );
  app.get(
    "/join/:id",
    forward(async (req, res) => void res.json(await discord.addToGuild(req, String(req.params["id"])))),
  );
  app.get(
    "/request",
    forward(async (req, res) => void res.json(await discord.request(req, String(req.query["route"])))),
  );
  app.get(
    "/bot",
    forward(async (req, res) => void res.json(await discord.botRequest(String(req.query["route"])))),
  );
}

/** Returns how many refreshes Discord has received. */
export function refreshesAt(simulator: DiscordSimulator): number {
  return simulator
    .requestsTo("POST /oauth2/token")
    .filter(({ form }) => form?.["grant_type"] === "refresh_token").length;
}

/** Returns the last error that the app's error handler got: class, status and code. */
export function lastFailure(app: TestApp): { name: string; status: number; code: string } {
  const error = app.errors.at(-1);
  if (!(error instanceof HttpException)) throw new Error("The last error is none of this library's.");
  const { name, status, code } = error;
  return { name, status, code };
}

/** Returns what a response of the app says about an error: `status code`. */
export function failureOf(answer: BrowserResponse): string {
  return `${answer.status} ${answer.json<{ code?: string }>().code}`;
}

/** Returns options with which a call that meets this fault ends soon. */
export function patienceFor({ kind }: FaultKind): DiscordOptions {
  return kind === "hang" || kind === "slow-body" ? { timeoutMs: 400 } : {};
}
