import type { ActivityInstances } from "./activity-instances.js";
import type { Application } from "./application.js";
import type { AuthorizationCodes } from "./authorization-codes.js";
import type { Authorizations } from "./authorizations.js";
import type { Behaviour } from "./behaviour.js";
import type { SimulatedClock } from "./clock.js";
import type { CustomAnswers } from "./custom-answers.js";
import type { Mailbox } from "./mailbox.js";
import type { ActivityFrame } from "./open-activity.js";
import type { OpenIdKeys } from "./openid-keys.js";
import type { RoleConnections } from "./role-connections.js";
import type { SimulatedUser } from "./user.js";
import type { WebhookEvents } from "./webhook-events.js";
import type { Webhooks } from "./webhooks.js";
import type { World } from "./world.js";

/** Everything the routes work on. */
export interface Discord {
  /** The simulator's own URL, no slash at the end. */
  readonly url: string;
  /** How others reach it, if not at its own URL. No slash at the end. */
  readonly publicUrl: string | undefined;
  /** The address it listens on. */
  readonly host: string;
  readonly clock: SimulatedClock;
  readonly behaviour: Behaviour;
  readonly application: Application;
  /** To whom the application belongs: whom a client-credentials token stands for. */
  readonly owner: SimulatedUser;
  readonly world: World;
  readonly authorizations: Authorizations;
  readonly codes: AuthorizationCodes;
  readonly mailbox: Mailbox;
  readonly roleConnections: RoleConnections;
  readonly openIdKeys: OpenIdKeys;
  readonly webhookEvents: WebhookEvents;
  readonly webhooks: Webhooks;
  readonly activityInstances: ActivityInstances;
  /** The Activities that are open in the client, by frame id. */
  readonly activityFrames: Map<string, ActivityFrame>;
  /** Routes a test has answered itself. */
  readonly customAnswers: CustomAnswers;
}
