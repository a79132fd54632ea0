import type { Browser, DiscordSimulator, SimulatedUser } from "../../src/testing/index.js";
import type { TestApp } from "./app.js";

/** A login that has been approved at Discord, and whose callback has not been called yet. */
export interface OpenLogin {
  readonly authorizeUrl: URL;
  /** The URL to which Discord sends the visitor. */
  readonly callbackUrl: string;
  readonly state: string;
  readonly code: string;
}

/**
 * Opens a login page.
 *
 * @returns the URL that it redirects to
 */
export async function beginLogin(browser: Browser, path = "/login"): Promise<string> {
  const { status, location } = await browser.get(path);
  if (status !== 302 || location === undefined) throw new Error(`${path} does not redirect (${status}).`);
  return location;
}

/** Opens a login page and authorizes the app at Discord. */
export async function openLogin(
  browser: Browser,
  simulator: DiscordSimulator,
  user: SimulatedUser,
  path?: string,
): Promise<OpenLogin> {
  const authorizeUrl = await beginLogin(browser, path);
  const callbackUrl = await simulator.approve(authorizeUrl, { user });
  const { searchParams } = new URL(callbackUrl);
  return {
    authorizeUrl: new URL(authorizeUrl),
    callbackUrl,
    state: searchParams.get("state") ?? "",
    code: searchParams.get("code") ?? "",
  };
}

/** Returns the same URL with other parameters; `undefined` removes one. */
export function withQuery(url: string, changes: Readonly<Record<string, string | undefined>>): string {
  const changed = new URL(url);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) changed.searchParams.delete(name);
    else changed.searchParams.set(name, value);
  }
  return changed.href;
}

/** Returns how many codes Discord has received. */
export function exchangesAt(simulator: DiscordSimulator): number {
  return simulator
    .requestsTo("POST /oauth2/token")
    .filter(({ form }) => form?.["grant_type"] === "authorization_code").length;
}

/** Returns the cookies of logins in progress. */
export function loginCookies(browser: Browser): string[] {
  return browser.cookies
    .list()
    .map(({ name }) => name)
    .filter((name) => /^(?:__Host-)?discord-/.test(name));
}

/** Returns the id of the user who is signed in with this browser, or nothing. */
export async function signedInAs(browser: Browser): Promise<string | undefined> {
  const answer = await browser.get("/me");
  if (answer.status === 401) return undefined;
  return answer.json<{ id: string }>().id;
}

/** Returns the last error that the app's error handler got. */
export function lastError(app: TestApp): unknown {
  return app.errors.at(-1);
}

/** Signs a user in with a double click on the consent page: two requests with the same callback and cookies. */
export async function doubleClick(browser: Browser, simulator: DiscordSimulator, user: SimulatedUser) {
  const { callbackUrl } = await openLogin(browser, simulator, user);
  const browsers = [browser, browser.clone()];
  const answers = await Promise.all(browsers.map((one) => one.get(callbackUrl)));
  return { browsers, statuses: answers.map(({ status }) => status) };
}
