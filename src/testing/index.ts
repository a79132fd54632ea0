export type { NewActivityInstance, SimulatedActivityInstance } from "./activity-instances.js";
export type { ChosenAnswer } from "./answer.js";
export type { ApplicationOptions } from "./application.js";
export type { TokenPair, TokenResponse } from "./authorizations.js";
export type { Behaviour } from "./behaviour.js";
export type { Browser, BrowserOptions, BrowserRequest, BrowserResponse } from "./browser.js";
export type { SimulatedClock } from "./clock.js";
export type { ConsentChoices } from "./consent-client.js";
export type { CookieAttributes, CookieJar } from "./cookie-jar.js";
export type { AnsweredRequest, CustomAnswer } from "./custom-answers.js";
export type { Fault, FaultKind, FaultTarget } from "./faults.js";
export type {
  NewChannel,
  NewGuild,
  NewMember,
  NewRole,
  SimulatedChannel,
  SimulatedGuild,
  SimulatedMember,
  SimulatedRole,
} from "./guild.js";
export type { InterceptOptions } from "./intercept.js";
export type { SentFile, SentMessage } from "./mailbox.js";
export type { ActivityLog, ActivityOptions, OpenActivity } from "./open-activity.js";
export type { RateLimitRule } from "./rate-limits.js";
export type { RecordedRequest } from "./request-log.js";
export type { Cookie } from "./set-cookie.js";
export type { ClientOptions, DiscordSimulator } from "./simulator.js";
export { type SimulatorOptions, startDiscord } from "./start-discord.js";
export type { RateLimitScope } from "./too-many-requests.js";
export type { NewConnection, NewUser, SimulatedUser, UserPayload } from "./user.js";
export type { WebhookEvent, WebhookSendOptions } from "./webhook-events.js";
export type { SimulatedWebhook } from "./webhooks.js";
