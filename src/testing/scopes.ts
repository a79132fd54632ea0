import type { Behaviour } from "./behaviour.js";

interface Scope {
  /** The description on the consent page. */
  readonly meaning: string;
  /** Whether only applications approved by Discord may request it. */
  readonly approvedOnly?: true;
}

const SCOPES: Readonly<Record<string, Scope>> = {
  identify: { meaning: "Access your username, avatar and banner" },
  email: { meaning: "Access your e-mail address" },
  openid: { meaning: "Confirm who you are" },
  "identify.premium": { meaning: "See whether you have Nitro", approvedOnly: true },
  guilds: { meaning: "Know what servers you are in" },
  "guilds.join": { meaning: "Join servers for you" },
  "guilds.members.read": {
    meaning: "Read your member info (nickname, avatar, roles) in the servers you are in",
  },
  connections: { meaning: "Access your connected accounts" },
  "role_connections.write": { meaning: "Update your linked-role metadata for this app" },
  "gdm.join": { meaning: "Join group chats for you" },
  bot: { meaning: "Add a bot to a server" },
  "applications.commands": { meaning: "Create commands" },
  "applications.commands.permissions.update": { meaning: "Change who may use its commands" },
  "applications.commands.update": { meaning: "Manage its own commands" },
  "webhook.incoming": { meaning: "Add a webhook to a channel" },
  "applications.builds.read": { meaning: "Read your application's build data" },
  "applications.builds.upload": { meaning: "Upload your application's builds", approvedOnly: true },
  "applications.entitlements": { meaning: "Read your application's entitlements" },
  "applications.store.update": { meaning: "Update your application's store data" },
  "messages.read": { meaning: "Read your messages" },
  rpc: { meaning: "Control your Discord client", approvedOnly: true },
  "rpc.activities.write": { meaning: "Update your activity", approvedOnly: true },
  "rpc.notifications.read": { meaning: "Receive your notifications", approvedOnly: true },
  "rpc.voice.read": { meaning: "Read your voice settings", approvedOnly: true },
  "rpc.voice.write": { meaning: "Change your voice settings", approvedOnly: true },
  "rpc.video.read": { meaning: "Read your video settings", approvedOnly: true },
  "rpc.video.write": { meaning: "Change your video settings", approvedOnly: true },
  "rpc.screenshare.read": { meaning: "Read your screen-share settings", approvedOnly: true },
  "rpc.screenshare.write": { meaning: "Change your screen-share settings", approvedOnly: true },
  "relationships.read": { meaning: "Know who your friends are", approvedOnly: true },
  "activities.read": { meaning: "Know what you are doing", approvedOnly: true },
  "activities.write": { meaning: "Update what you are doing", approvedOnly: true },
  "activities.invites.write": { meaning: "Invite others for you", approvedOnly: true },
  "dm_channels.read": { meaning: "Know your direct messages", approvedOnly: true },
  voice: { meaning: "Connect to voice for you", approvedOnly: true },
};

/** Parses a `scope` parameter. */
export function parseScopes(text: string | undefined): string[] {
  return [...new Set(text?.split(" ").filter((scope) => scope !== ""))];
}

/** Returns the description of a scope. */
export function meaningOf(scope: string): string {
  return SCOPES[scope]?.meaning ?? scope;
}

/** Whether the application may be granted the scope. */
export function isGrantable(
  scope: string,
  { approvedScopes, strictScopes }: Pick<Behaviour, "approvedScopes" | "strictScopes">,
): boolean {
  if (!strictScopes) return true;
  return approvedScopes.includes(scope) || (Object.hasOwn(SCOPES, scope) && !SCOPES[scope]?.approvedOnly);
}

/** Whether the user must choose a guild or channel for these scopes. */
export function needsChoice(scopes: readonly string[]): boolean {
  return scopes.includes("bot") || scopes.includes("webhook.incoming");
}
