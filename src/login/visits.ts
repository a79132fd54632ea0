import type { IncomingMessage } from "node:http";
import type { User } from "../models/user.js";
import type { Addresses } from "./addresses.js";
import type { CancelMark } from "./cancel-mark.js";
import type { LoginCounter } from "./login-counter.js";
import type { SetupWarnings } from "./setup-warnings.js";

/** What the router and the guards need to know about visitors and the app's URLs. */
export interface Visits {
  readonly addresses: Addresses;
  readonly cancelMark: CancelMark;
  readonly counter: LoginCounter;
  readonly warnings: SetupWarnings;
  /** Returns the user of this session as last seen by this process. For requests that cannot check the sign-in now. */
  lastKnownUser(req: IncomingMessage): User | undefined;
}
