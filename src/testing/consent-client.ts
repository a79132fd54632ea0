import { type Agents, type IncomingAnswer, sendRequest } from "./http-client.js";
import { cookiePair } from "./signed-in-cookie.js";
import { SimulatedUser } from "./user.js";

const ALERT = /role="alert">([^<]*)</;

/** The choices on the consent page. */
export interface ConsentChoices {
  readonly user: SimulatedUser;
  /** Grants only these of the requested scopes. */
  readonly scopes?: readonly string[] | undefined;
  /** With the scope `bot`: the guild to add the bot to. */
  readonly guildId?: string | undefined;
  /** With the scope `webhook.incoming`: the channel of the webhook. */
  readonly channelId?: string | undefined;
}

/** The user's decision on the consent page. */
export type Decision = "authorize" | "cancel";

/**
 * Opens an authorization URL and presses a button, like a browser.
 *
 * @returns the URL that Discord redirects to
 * @throws Error when Discord shows an error page, or no page to cancel on
 * @throws TypeError when the choices name no user
 */
export async function decide(
  agents: Agents,
  authorizeUrl: URL,
  decision: Decision,
  choices: ConsentChoices,
): Promise<string> {
  if (!(choices?.user instanceof SimulatedUser))
    throw new TypeError("Pass the user who signs in, as in { user: discord.addUser() }.");
  const headers = { Cookie: cookiePair(choices.user.id) };
  const pageUrl = new URL(authorizeUrl);
  pageUrl.pathname = pageUrl.pathname.replace(/^\/api\b(\/v\d+)?/, "");
  const asked = await sendRequest(pageUrl, { method: "GET", headers, agents });
  if (asked.status === 302) return decision === "cancel" ? requireError(asked) : locationOf(asked);
  if (asked.status !== 200) throw notRedirected(asked);
  const decided = await sendRequest(pageUrl, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/x-www-form-urlencoded" },
    body: formOf(decision, choices).toString(),
    agents,
  });
  return locationOf(decided);
}

function formOf(decision: Decision, { user, scopes, guildId, channelId }: ConsentChoices): URLSearchParams {
  const form = new URLSearchParams({ user_id: user.id, decision });
  if (scopes !== undefined) form.set("scope", scopes.join(" "));
  if (guildId !== undefined) form.set("guild_id", guildId);
  if (channelId !== undefined) form.set("channel_id", channelId);
  return form;
}

function locationOf(answer: IncomingAnswer): string {
  const location = answer.headers.get("location");
  if (location === null) throw notRedirected(answer);
  return location;
}

/** Returns the URL of a redirect without a page. @throws Error unless it is an error redirect, which grants nothing */
function requireError(answer: IncomingAnswer): string {
  const location = locationOf(answer);
  const { hash, searchParams } = new URL(location);
  if (searchParams.has("error") || new URLSearchParams(hash.slice(1)).has("error")) return location;
  throw new Error(
    "There is no consent page to cancel on: the URL says prompt=none, and this user has authorized the application before.",
  );
}

function notRedirected({ status, text }: IncomingAnswer): Error {
  const reason = ALERT.exec(text)?.[1] ?? text.slice(0, 200);
  return new Error(`The simulated Discord did not redirect (${status}): ${reason}`);
}
