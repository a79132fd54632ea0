import type { Config } from "../config.js";
import type { Grants } from "../grants/grants.js";
import type { TokenStorages } from "../grants/token-storages.js";
import type { OAuth } from "../oauth/oauth.js";
import type { Seal } from "../seal.js";
import type { Users } from "../users/users.js";

/** The dependencies of the login classes. */
export interface LoginParts {
  readonly config: Config;
  readonly seal: Seal;
  readonly oauth: OAuth;
  readonly grants: Grants;
  readonly users: Users;
  readonly storages: TokenStorages;
  /** Called when a login has added the bot to a guild. */
  onBotJoined(): void;
}
