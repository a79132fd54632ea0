import type { SimulatedActivityInstance } from "./activity-instances.js";
import type { Application } from "./application.js";
import type { AuthorizationCodes } from "./authorization-codes.js";
import type { Authorizations } from "./authorizations.js";
import type { Behaviour } from "./behaviour.js";
import type { SimulatedClock } from "./clock.js";
import type { CustomAnswers } from "./custom-answers.js";
import type { Mailbox } from "./mailbox.js";
import type { ActivityFrame } from "./open-activity.js";
import type { OpenIdKeys } from "./openid-keys.js";
import type { SimulatedUser } from "./user.js";
import type { WebhookEvents } from "./webhook-events.js";
import type { SimulatedWebhook } from "./webhooks.js";
import type { World } from "./world.js";

/** The state of the simulator that the routes use. */
export interface Discord {
  /** The simulator's own URL, without a trailing slash. */
  readonly url: string;
  /** The URL by which others reach the simulator, if it differs. Without a trailing slash. */
  readonly publicUrl: string | undefined;
  /** The address the simulator listens on. */
  readonly host: string;
  readonly clock: SimulatedClock;
  readonly behaviour: Behaviour;
  readonly application: Application;
  /** The owner of the application, for client credentials tokens. */
  readonly owner: SimulatedUser;
  readonly world: World;
  readonly authorizations: Authorizations;
  readonly codes: AuthorizationCodes;
  readonly mailbox: Mailbox;
  readonly openIdKeys: OpenIdKeys;
  readonly webhookEvents: WebhookEvents;
  /** The incoming webhooks, by id. */
  readonly webhooks: Map<string, SimulatedWebhook>;
  /** The running Activities, by instance id. */
  readonly activityInstances: Map<string, SimulatedActivityInstance>;
  /** The Activities that are open in the client, by frame id. */
  readonly activityFrames: Map<string, ActivityFrame>;
  /** A test's own responses. */
  readonly customAnswers: CustomAnswers;
}
