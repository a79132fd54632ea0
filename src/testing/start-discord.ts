import { Application, type ApplicationOptions } from "./application.js";
import { AuthorizationCodes } from "./authorization-codes.js";
import { Authorizations } from "./authorizations.js";
import { type Behaviour, createBehaviour } from "./behaviour.js";
import { SimulatedClock } from "./clock.js";
import { CustomAnswers } from "./custom-answers.js";
import type { Discord } from "./discord.js";
import { Faults } from "./faults.js";
import { Front } from "./front.js";
import { Mailbox } from "./mailbox.js";
import { OpenIdKeys } from "./openid-keys.js";
import { RateLimits } from "./rate-limits.js";
import { RequestLog } from "./request-log.js";
import { requireFrom } from "./require-from.js";
import { listen, Service, urlOf } from "./server.js";
import { DiscordSimulator } from "./simulator.js";
import { SimulatedUser } from "./user.js";
import { requireWebUrl } from "./web-url.js";
import { WebhookEvents } from "./webhook-events.js";
import { World } from "./world.js";

/** Options of {@link startDiscord}. */
export interface SimulatorOptions extends ApplicationOptions {
  /** The port. Default: 0, a free port chosen by the system. */
  readonly port?: number;
  /** The address to listen on; `"0.0.0.0"` for every network. Default: `"127.0.0.1"`, this machine only. */
  readonly host?: string;
  /** The URL by which the app and browsers reach the simulator, if it differs: behind a proxy or in a container. */
  readonly publicUrl?: string;
  /** Changes to the default behaviour. */
  readonly behaviour?: Partial<Behaviour>;
  /** The maximum number of requests in the log. Default: 10,000. */
  readonly logLimit?: number;
  /** The URL to which webhook events are sent. Default: none. */
  readonly webhookUrl?: string;
}

/**
 * Starts a simulated Discord over real HTTP, for tests and for trying out an app.
 *
 * @throws TypeError for an invalid URL, an invalid `clientId`, an impossible `logLimit` and an unknown switch
 * @example
 * ```ts
 * const discord = await startDiscord();
 * const app = createApp(discord.options);
 * const mira = discord.addUser({ username: "mira.k" });
 * // ...
 * await discord.close();
 * ```
 */
export async function startDiscord(options: SimulatorOptions = {}): Promise<DiscordSimulator> {
  requireWebUrl("publicUrl", options.publicUrl);
  requireWebUrl("webhookUrl", options.webhookUrl);
  requireFrom("logLimit", options.logLimit ?? 0, 0);
  const behaviour = createBehaviour(options.behaviour ?? {});
  const application = new Application(options);
  const host = options.host ?? "127.0.0.1";
  const server = await listen(options.port ?? 0, host);
  const clock = new SimulatedClock();
  const webhookEvents = new WebhookEvents(clock, application, options.webhookUrl);
  const world = new World(clock);
  const discord: Discord = {
    url: urlOf(server),
    publicUrl: options.publicUrl?.replace(/\/+$/, ""),
    host,
    clock,
    behaviour,
    application,
    owner: new SimulatedUser(world.newId(), { username: "the.owner" }),
    world,
    authorizations: new Authorizations(clock, behaviour),
    codes: new AuthorizationCodes(clock, behaviour),
    mailbox: new Mailbox(),
    openIdKeys: new OpenIdKeys(),
    webhookEvents,
    webhooks: new Map(),
    activityInstances: new Map(),
    activityFrames: new Map(),
    customAnswers: new CustomAnswers(),
  };
  const limits = new RateLimits(clock, behaviour);
  const log = new RequestLog(options.logLimit ?? 10_000);
  const stations = {
    front: new Front(discord, limits, log),
    faults: new Faults(),
    limits,
    log,
  };
  return new DiscordSimulator(discord, stations, new Service(server, stations));
}
