import {
  launchInstance,
  type NewActivityInstance,
  type SimulatedActivityInstance,
} from "./activity-instances.js";
import { proxyHeaders } from "./activity-proxy.js";
import { publicUrlOf } from "./addresses.js";
import type { TokenPair } from "./authorizations.js";
import type { Behaviour } from "./behaviour.js";
import { Browser, type BrowserOptions } from "./browser.js";
import type { SimulatedClock } from "./clock.js";
import { type ConsentChoices, decide } from "./consent-client.js";
import { createWebhook } from "./create-webhook.js";
import type { CustomAnswer } from "./custom-answers.js";
import { deauthorize } from "./deauthorize.js";
import type { Discord } from "./discord.js";
import type { Fault } from "./faults.js";
import type { NewGuild, NewMember, SimulatedChannel, SimulatedGuild } from "./guild.js";
import { Agents } from "./http-client.js";
import type { InterceptOptions } from "./intercept.js";
import { launchActivity } from "./launch-activity.js";
import type { SentMessage } from "./mailbox.js";
import type { ActivityOptions, OpenActivity } from "./open-activity.js";
import type { RateLimitRule } from "./rate-limits.js";
import { Reachability } from "./reachability.js";
import type { RecordedRequest } from "./request-log.js";
import { isGrantable } from "./scopes.js";
import type { Service, Stations } from "./server.js";
import type { NewConnection, NewUser, SimulatedUser } from "./user.js";
import { requireWebUrl } from "./web-url.js";
import type { WebhookEvent, WebhookSendOptions } from "./webhook-events.js";
import type { SimulatedWebhook } from "./webhooks.js";

/** The options an app needs to use the simulator. Spread them into the options of `DiscordOAuth2Session`. */
export interface ClientOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly botToken: string;
  readonly discordUrl: string;
}

/** A simulated Discord. {@link startDiscord} starts one. */
export class DiscordSimulator {
  /** The simulator's URL, such as `http://127.0.0.1:41237`, without a trailing slash. */
  readonly url: string;
  /** The options for the app under test. */
  readonly options: ClientOptions;
  /** The Ed25519 public key for the signatures of webhook events, in hexadecimal. */
  readonly publicKey: string;
  /** Switches for behaviour of Discord that is unknown or varies. They may be changed at any time. */
  readonly behaviour: Behaviour;
  /** The simulator's clock, which a test can move. Codes, tokens and rate limits use it. */
  readonly clock: SimulatedClock;
  readonly #discord: Discord;
  readonly #stations: Stations;
  readonly #service: Service;
  readonly #agents = new Agents();
  readonly #reachability: Reachability;
  #isClosed = false;

  /** @internal */
  constructor(discord: Discord, stations: Stations, service: Service) {
    const { application, behaviour, clock, url } = discord;
    this.url = url;
    this.options = {
      clientId: application.id,
      clientSecret: application.secret,
      botToken: application.botToken,
      discordUrl: publicUrlOf(discord),
    };
    this.publicKey = application.publicKey;
    this.behaviour = behaviour;
    this.clock = clock;
    this.#discord = discord;
    this.#reachability = new Reachability(discord);
    this.#stations = stations;
    this.#service = service;
  }

  /** Adds a user. Missing fields are made up. @throws TypeError for an invalid id */
  addUser(user?: NewUser): SimulatedUser {
    return this.#discord.world.addUser(user);
  }

  /**
   * Adds a guild, with the bot in it unless `bot` is `false`. Missing fields are made up.
   *
   * @throws TypeError for an invalid id, also of a role or channel
   */
  addGuild(guild?: NewGuild): SimulatedGuild {
    return this.#discord.world.addGuild(guild);
  }

  /**
   * Adds a user to a guild. Call it again to change the membership. A new owner replaces the former one.
   *
   * @throws TypeError for a role that is not an id, and for a user or guild of another simulator
   */
  addMember(guild: SimulatedGuild, user: SimulatedUser, member?: NewMember): void {
    this.#discord.world.addMember(guild, user, member);
  }

  /** Removes a user from a guild. @throws TypeError for a user or guild of another simulator */
  removeMember(guild: SimulatedGuild, user: SimulatedUser): void {
    this.#discord.world.requireOwn(guild, user);
    this.#discord.world.removeMember(guild, user);
  }

  /**
   * Adds a connected account to a user. Missing fields are made up.
   *
   * @throws TypeError for a user of another simulator
   */
  addConnection(user: SimulatedUser, connection?: NewConnection): void {
    this.#discord.world.requireOwn(user);
    this.#discord.world.addConnection(user, connection);
  }

  /**
   * Adds an incoming webhook to a channel. Default: the guild's first channel. The webhook's `url` works without a
   * login.
   *
   * @throws TypeError when the guild has no channel, and for a guild of another simulator
   */
  addWebhook(guild: SimulatedGuild, channel?: SimulatedChannel): SimulatedWebhook {
    this.#discord.world.requireOwn(guild);
    return createWebhook(this.#discord, { guild, channel });
  }

  /**
   * Starts an Activity. The app's server finds it at the route `activity-instances`.
   *
   * @throws TypeError for a user or guild of another simulator
   */
  addActivityInstance(instance: NewActivityInstance = {}): SimulatedActivityInstance {
    const { guild, users = [] } = instance;
    this.#discord.world.requireOwn(...(guild ? [guild] : []), ...users);
    return launchInstance(this.#discord, instance);
  }

  /** Ends an Activity. */
  removeActivityInstance({ id }: SimulatedActivityInstance): void {
    this.#discord.activityInstances.delete(id);
  }

  /**
   * Opens an authorization URL as a user and authorizes the application.
   *
   * @returns the callback URL, which Discord would redirect to
   * @throws Error when the URL leads to the real Discord, or the simulator shows an error page
   */
  async approve(authorizeUrl: string, choices: ConsentChoices): Promise<string> {
    return decide(this.#agents, this.#reachability.localUrl(authorizeUrl), "authorize", choices);
  }

  /**
   * Opens an authorization URL as a user and presses Cancel.
   *
   * @returns the callback URL
   * @throws Error when the URL leads to the real Discord, or the simulator shows an error page or no page: with
   *   `prompt=none` it redirects immediately if everything was granted before
   */
  async cancel(authorizeUrl: string, choices: ConsentChoices): Promise<string> {
    return decide(this.#agents, this.#reachability.localUrl(authorizeUrl), "cancel", choices);
  }

  /** Creates a browser for the app, which keeps cookies and can sign in. @throws TypeError for an invalid URL */
  browser(appUrl: string, options?: BrowserOptions): Browser {
    requireWebUrl("appUrl", appUrl);
    requireWebUrl("via", options?.via);
    const approver = {
      owns: (url: string) => this.#reachability.includes(url),
      approve: (url: string, choices: ConsentChoices) => this.approve(url, choices),
    };
    return new Browser(appUrl, approver, options);
  }

  /**
   * Removes the app from the user's "Authorized Apps", which revokes all its tokens for this user.
   *
   * @throws TypeError for a user of another simulator
   */
  removeAuthorization(user: SimulatedUser): void {
    this.#discord.world.requireOwn(user);
    const authorization = this.#discord.authorizations.of(user);
    if (authorization !== undefined) deauthorize(this.#discord, authorization);
  }

  /**
   * Expires the access tokens of one user, or of all users. Refresh tokens continue to work.
   *
   * @throws TypeError for a user of another simulator
   */
  expireAccessTokens(user?: SimulatedUser): void {
    if (user !== undefined) this.#discord.world.requireOwn(user);
    this.#discord.authorizations.expireAccessTokens(user);
  }

  /** Registers a redirect URI. */
  addRedirectUri(uri: string): void {
    this.#discord.application.addRedirectUri(uri);
  }

  /**
   * Issues a valid pair of tokens without a login.
   *
   * @throws TypeError when a scope does not exist or is not available to the application, and for a user of another
   *   simulator
   */
  issueToken(user: SimulatedUser, scopes: readonly string[]): TokenPair {
    const { authorizations } = this.#discord;
    this.#discord.world.requireOwn(user);
    this.#requireGrantable(scopes);
    return authorizations.issuePair(authorizations.grant(user, scopes), scopes);
  }

  /**
   * Authorizes the application without a redirect, like the Embedded App SDK in Discord.
   *
   * @param scopes Default: `identify`
   * @returns the code
   * @throws TypeError like {@link issueToken}
   */
  authorizeInActivity(user: SimulatedUser, scopes: readonly string[] = ["identify"]): string {
    const { authorizations, codes } = this.#discord;
    this.#discord.world.requireOwn(user);
    this.#requireGrantable(scopes);
    return codes.create({ authorization: authorizations.grant(user, scopes), scopes });
  }

  /**
   * Opens your app as an Activity. The `url` of the result is a page that simulates Discord's client. It shows the
   * app in a frame, behind a proxy like Discord's.
   *
   * @throws TypeError when `appUrl` is not an http or https URL
   * @throws Error when the simulator is closed
   */
  async openActivity(options: ActivityOptions): Promise<OpenActivity> {
    const instance = options.instance ?? this.addActivityInstance();
    const activity = await launchActivity(this.#discord, instance, options);
    if (this.#isClosed) {
      await activity.close();
      throw new Error("openActivity() failed because the simulator was closed.");
    }
    return activity;
  }

  /**
   * Returns the headers with which Discord's proxy signs a request of an Activity. They are valid for five minutes.
   *
   * @param payload fields besides `created_at` and `expires_at`, or instead of them
   */
  activityHeaders(payload: Readonly<Record<string, unknown>> = {}): Record<string, string> {
    return proxyHeaders(this.#discord.application, this.clock, payload);
  }

  /** Injects a fault. @returns a function that removes it @throws TypeError for an unknown kind and impossible values */
  fail(fault: Fault): () => void {
    return this.#stations.faults.add(fault);
  }

  clearFaults(): void {
    this.#stations.faults.clear();
  }

  /**
   * Sets the response of an API route, for a route that the simulator does not have or to override one:
   * `discord.answer("GET /gateway", { body: { url: "wss://gateway.test" } })`.
   *
   * @returns a function that removes the response
   * @throws TypeError when the route has no method, and for a wrong status
   */
  answer(route: string, answer: CustomAnswer): () => void {
    return this.#discord.customAnswers.add(route, answer);
  }

  /**
   * Adds a rate limit to a route, counted for each user, bot or IP address. If several match a request, the newest one
   * is used.
   *
   * @returns a function that removes it
   * @throws TypeError for impossible numbers
   */
  limit(rule: RateLimitRule): () => void {
    return this.#stations.limits.add(rule);
  }

  /** Removes all rate limits, and forgets the requests counted so far, also those of `behaviour`. */
  clearLimits(): void {
    this.#stations.limits.clear();
  }

  /** The latest requests, oldest first, as a snapshot. */
  get requests(): readonly RecordedRequest[] {
    return this.#stations.log.requests;
  }

  /** Returns the latest requests to a route: `"POST /oauth2/token"`, or `"/users/@me"` for any method. */
  requestsTo(route: string): RecordedRequest[] {
    return this.#stations.log.to(route);
  }

  clearRequests(): void {
    this.#stations.log.clear();
  }

  /** The number of connections used for API calls so far, not counting the consent page. */
  get connectionCount(): number {
    return this.#service.connectionCount;
  }

  /** The messages sent by the bot and webhooks, oldest first. */
  get messages(): readonly SentMessage[] {
    return this.#discord.mailbox.messages;
  }

  /** The URL to which webhook events are sent automatically; `undefined` to send none. */
  get webhookUrl(): string | undefined {
    return this.#discord.webhookEvents.url;
  }

  set webhookUrl(url: string | undefined) {
    requireWebUrl("webhookUrl", url);
    this.#discord.webhookEvents.url = url;
  }

  /** Sends a signed webhook event. @returns the app's response */
  sendWebhookEvent(url: string, event: WebhookEvent, options?: WebhookSendOptions): Promise<Response> {
    return this.#discord.webhookEvents.send(url, event, options);
  }

  /** Waits until all webhook events sent so far were delivered or have failed. */
  webhookEventsDelivered(): Promise<void> {
    return this.#discord.webhookEvents.delivered();
  }

  #requireGrantable(scopes: readonly string[]): void {
    const refused = scopes.find((scope) => !isGrantable(scope, this.behaviour));
    if (refused === undefined) return;
    throw new TypeError(
      `The application may not have the scope "${refused}". To allow it, add it to behaviour.approvedScopes.`,
    );
  }

  /**
   * Redirects this process's calls to `discord.com`, `discordapp.com` and the CDN to the simulator until it closes. For
   * clients with Discord's URLs built in. Covers `fetch`, undici, `node:http` and `node:https`; the latter two need the
   * package `@mswjs/interceptors`.
   *
   * @returns a function that stops the redirection
   * @throws Error in production, without `@mswjs/interceptors` unless `http` is false, and when the simulator is closed
   */
  intercept(options?: InterceptOptions): Promise<() => void> {
    return this.#reachability.intercept(options);
  }

  /** Stops the simulator and closes every connection. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#reachability.close();
    this.#agents.close();
    this.#discord.webhookEvents.close();
    await Promise.all([...this.#discord.activityFrames.values()].map((activity) => activity.close()));
    await this.#service.close();
  }
}
