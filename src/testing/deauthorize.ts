import type { Authorization } from "./authorizations.js";
import type { Discord } from "./discord.js";

/** Ends everything a user granted, on every device, and tells the application by webhook. */
export function deauthorize(discord: Discord, authorization: Authorization): void {
  discord.authorizations.end(authorization);
  const data = { user: authorization.user.seenByOthers() };
  discord.webhookEvents.announce({ type: "APPLICATION_DEAUTHORIZED", data });
}
