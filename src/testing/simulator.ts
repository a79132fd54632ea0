import type { NewActivityInstance, SimulatedActivityInstance } from "./activity-instances.js";
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
import type { WebhookEvent, WebhookSendOptions } from "./webhook-events.js";
import type { SimulatedWebhook } from "./webhooks.js";

/** What an app needs to know to use the simulator; made to be spread into its own options. */
export interface ClientOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly botToken: string;
  readonly discordUrl: string;
}

/** A Discord on this machine. Started by {@link startDiscord}. */
export class DiscordSimulator {
  /** Such as `http://127.0.0.1:41237`: no slash at the end. */
  readonly url: string;
  /** To be spread into the options of the app. */
  readonly options: ClientOptions;
  /** The Ed25519 key that webhook events are signed with, in hexadecimal. */
  readonly publicKey: string;
  /** What is not known about Discord, as switches that may be changed at any time. */
  readonly behaviour: Behaviour;
  /** The time at Discord, which can be moved. Codes, tokens and rate limits follow it. */
  readonly clock: SimulatedClock;
  readonly #discord: Discord;
  readonly #stations: Stations;
  readonly #service: Service;
  readonly #agents = new Agents();
  readonly #reachability: Reachability;
  readonly #openActivities = new Set<OpenActivity>();

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

  /** Adds a user; what is not given is made up. */
  addUser(user?: NewUser): SimulatedUser {
    return this.#discord.world.addUser(user);
  }

  /** Adds a guild, with the bot in it unless `bot` is false; what is not given is made up. */
  addGuild(guild?: NewGuild): SimulatedGuild {
    return this.#discord.world.addGuild(guild);
  }

  /** Puts a user into a guild, and the guild on the user's list; again, to change the membership. */
  addMember(guild: SimulatedGuild, user: SimulatedUser, member?: NewMember): void {
    this.#discord.world.addMember(guild, user, member);
  }

  /** Takes a user out of a guild. */
  removeMember(guild: SimulatedGuild, user: SimulatedUser): void {
    this.#discord.world.removeMember(guild, user);
  }

  /** Connects another account with a user; what is not given is made up. */
  addConnection(user: SimulatedUser, connection?: NewConnection): void {
    this.#discord.world.addConnection(user, connection);
  }

  /** Adds an incoming webhook to the guild's first channel, or another; its `url` works without a login. */
  addWebhook(guild: SimulatedGuild, channel?: SimulatedChannel): SimulatedWebhook {
    return createWebhook(this.#discord, { guild, channel });
  }

  /** Starts an Activity, which the app's server then finds under `activity-instances`. */
  addActivityInstance(instance: NewActivityInstance = {}): SimulatedActivityInstance {
    return this.#discord.activityInstances.launch(instance, () => this.#discord.world.newId());
  }

  /** Ends an Activity. */
  removeActivityInstance({ id }: SimulatedActivityInstance): void {
    this.#discord.activityInstances.delete(id);
  }

  /**
   * Opens an authorize URL as this user and lets the application in.
   *
   * @returns the callback URL, which Discord would redirect to
   * @throws Error when the URL leads to the real Discord, or the simulated one shows an error page
   */
  async approve(authorizeUrl: string, choices: ConsentChoices): Promise<string> {
    return decide(this.#agents, this.#reachability.localUrl(authorizeUrl), "authorize", choices);
  }

  /**
   * Opens an authorize URL as this user and presses Cancel.
   *
   * @returns the callback URL
   * @throws Error when the URL leads to the real Discord, or the simulated one shows an error page, or no page to
   *   cancel on: with `prompt=none` it lets in at once what was let in before
   */
  async cancel(authorizeUrl: string, choices: ConsentChoices): Promise<string> {
    return decide(this.#agents, this.#reachability.localUrl(authorizeUrl), "cancel", choices);
  }

  /** A client of the app that keeps cookies and can sign in. */
  browser(appUrl: string, options?: BrowserOptions): Browser {
    const approver = {
      owns: (url: string) => this.#reachability.includes(url),
      approve: (url: string, choices: ConsentChoices) => this.approve(url, choices),
    };
    return new Browser(appUrl, approver, options);
  }

  /** The user removes the app under "Authorized Apps": all its tokens for this user end. */
  removeAuthorization(user: SimulatedUser): void {
    const authorization = this.#discord.authorizations.of(user);
    if (authorization !== undefined) deauthorize(this.#discord, authorization);
  }

  /** Lets access tokens expire now: of one user, or of everybody. Refresh tokens go on working. */
  expireAccessTokens(user?: SimulatedUser): void {
    this.#discord.authorizations.expireAccessTokens(user);
  }

  /** Registers a redirect URI: where logins may return to. */
  addRedirectUri(uri: string): void {
    this.#discord.application.addRedirectUri(uri);
  }

  /**
   * A working pair of tokens, without a login.
   *
   * @throws TypeError when a scope does not exist, or is not open to the application
   */
  issueToken(user: SimulatedUser, scopes: readonly string[]): TokenPair {
    const { authorizations } = this.#discord;
    this.#requireGrantable(scopes);
    return authorizations.issuePair(authorizations.grant(user, scopes), scopes);
  }

  /**
   * Lets the application in as the Embedded App SDK does within Discord, without a redirect.
   *
   * @param scopes Default: `identify`
   * @returns the code
   * @throws TypeError as {@link issueToken}
   */
  authorizeInActivity(user: SimulatedUser, scopes: readonly string[] = ["identify"]): string {
    const { authorizations, codes } = this.#discord;
    this.#requireGrantable(scopes);
    return codes.create({
      authorization: authorizations.grant(user, scopes),
      scopes,
      redirectUri: undefined,
      codeChallenge: undefined,
      nonce: undefined,
      guild: undefined,
      botPermissions: 0n,
      webhookPlace: undefined,
    });
  }

  /**
   * Opens your app as an Activity: `url` of what it returns is a page that plays Discord's client, for a browser. The app is
   * shown in a frame, behind a proxy that does what Discord's does.
   *
   * @throws TypeError when `appUrl` is not an http or https URL
   */
  async openActivity(options: ActivityOptions): Promise<OpenActivity> {
    const instance = options.instance ?? this.addActivityInstance();
    const activity = await launchActivity(this.#discord, instance, options);
    this.#openActivities.add(activity);
    return activity;
  }

  /**
   * The headers by which Discord's proxy signs a request for an Activity, for the next five minutes.
   *
   * @param payload fields besides `created_at` and `expires_at`, or instead of them
   */
  activityHeaders(payload: Readonly<Record<string, unknown>> = {}): Record<string, string> {
    return proxyHeaders(this.#discord.application, this.clock, payload);
  }

  /** Lets something go wrong; returns what takes the fault away again. */
  fail(fault: Fault): () => void {
    return this.#stations.faults.add(fault);
  }

  clearFaults(): void {
    this.#stations.faults.clear();
  }

  /**
   * Answers a route of the API that the simulator does not know, or answers a known one in another way:
   * `discord.answer("GET /gateway", { body: { url: "wss://gateway.test" } })`.
   *
   * @returns what takes the answer away again
   * @throws TypeError when the route has no method
   */
  answer(route: string, answer: CustomAnswer): () => void {
    return this.#discord.customAnswers.add(route, answer);
  }

  /** Limits a route, for each user, the bot, or an address; returns what takes the limit away again. */
  limit(rule: RateLimitRule): () => void {
    return this.#stations.limits.add(rule);
  }

  clearLimits(): void {
    this.#stations.limits.clear();
  }

  /** The latest requests, oldest first: a list that does not change when others come in. */
  get requests(): readonly RecordedRequest[] {
    return this.#stations.log.requests;
  }

  /** The latest requests to a route: "POST /oauth2/token", or "/users/@me" for any method. */
  requestsTo(route: string): RecordedRequest[] {
    return this.#stations.log.to(route);
  }

  clearRequests(): void {
    this.#stations.log.clear();
  }

  /** Connections that have carried a call of the API so far; those of the consent page do not count. */
  get connectionCount(): number {
    return this.#service.connectionCount;
  }

  /** What the bot and webhooks have written, oldest first. */
  get messages(): readonly SentMessage[] {
    return this.#discord.mailbox.messages;
  }

  /** Where webhook events go by themselves; undefined: nowhere. */
  get webhookUrl(): string | undefined {
    return this.#discord.webhookEvents.url;
  }

  set webhookUrl(url: string | undefined) {
    this.#discord.webhookEvents.url = url;
  }

  /** Sends a signed webhook event; returns the app's answer. */
  sendWebhookEvent(url: string, event: WebhookEvent, options?: WebhookSendOptions): Promise<Response> {
    return this.#discord.webhookEvents.send(url, event, options);
  }

  /** Resolves when the webhook events sent so far have arrived, or failed. */
  webhookEventsDelivered(): Promise<void> {
    return this.#discord.webhookEvents.delivered();
  }

  #requireGrantable(scopes: readonly string[]): void {
    const refused = scopes.find((scope) => !isGrantable(scope, this.behaviour));
    if (refused === undefined) return;
    throw new TypeError(`The application may not have the scope "${refused}": see behaviour.approvedScopes.`);
  }

  /**
   * Sends this process's calls to `discord.com`, `discordapp.com` and the CDN here, until they are stopped or
   * the simulator closes: for clients with Discord's addresses built in. Covers `fetch`, undici, `node:http` and
   * `node:https`; the latter two need the package `@mswjs/interceptors`.
   *
   * @returns what stops it
   * @throws Error in production, and without `@mswjs/interceptors` unless `http` is false
   */
  intercept(options?: InterceptOptions): Promise<() => void> {
    return this.#reachability.intercept(options);
  }

  /** Stops, and ends every connection. */
  async close(): Promise<void> {
    this.#reachability.stopIntercepting();
    this.#agents.close();
    await Promise.all([...this.#openActivities].map((activity) => activity.close()));
    await this.#service.close();
  }
}
