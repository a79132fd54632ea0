import type { Application } from "express";
import { hasMethods, isRecord, nameInExchange } from "./check-options.js";
import { kindOf, shown } from "./shown.js";
import { requireSnowflake } from "./snowflake.js";

/** The name of the app setting that holds the instance: `app.get("discord")`. */
export const SETTING = "discord";

/** @throws TypeError for anything but an Express app */
export function requireApp(app: unknown): asserts app is Application {
  if (typeof app === "function" && hasMethods(app, "set", "get", "use") && "settings" in app) return;
  throw new TypeError(
    `The app must be an Express app, as in const app = express(); discord.init(app), not ${shownApp(app)}.`,
  );
}

/** @throws TypeError when the app already has another instance */
export function requireOnlyInstance({ settings }: Application, instance: object): void {
  const current: unknown = Object.hasOwn(settings, SETTING) ? settings[SETTING] : undefined;
  if (current === undefined || current === instance) return;
  throw new TypeError(
    "This app already has a DiscordOAuth2Session. For a second Discord application, use a second Express app, such as a sub-app.",
  );
}

/**
 * Separates the arguments of a constructor into the app and the options.
 *
 * @throws TypeError for arguments that are neither
 */
export function appAndOptions<Options extends object>(
  args: readonly unknown[],
): { readonly app?: Application; readonly options?: Options | undefined } {
  const [first, second] = args;
  if (second === undefined && (first === undefined || isPlainOptions(first)))
    return { options: first as Options | undefined };
  requireApp(first);
  if (second === undefined || isPlainOptions(second))
    return { app: first, options: second as Options | undefined };
  throw new TypeError(`The options must be an object such as { clientId }, not ${kindOf(second)}.`);
}

/** @throws TypeError for anything but a request */
export function requireRequest(req: unknown): void {
  // Responses have `headers` too on Bun.
  const isMessage = typeof req === "object" && req !== null && "headers" in req && !("setHeader" in req);
  // Not instanceof: Node.js loads its fetch when Headers is first used.
  if (isMessage && typeof (req.headers as Partial<Headers> | undefined)?.append !== "function") return;
  const actual = isMessage
    ? "a Request of the Fetch API: pass the one of Node.js, which has the session"
    : (nameInExchange(req) ?? shown(req));
  throw new TypeError(`The first argument must be the request, as in discord.fetchUser(req), not ${actual}.`);
}

/** @throws TypeError for anything but a response */
export function requireResponse(res: unknown): void {
  if (hasMethods(res, "setHeader")) return;
  throw new TypeError(
    `The second argument must be the response, as in discord.createSession(req, res), not ${nameInExchange(res) ?? shown(res)}.`,
  );
}

/** @throws TypeError for an invalid id or time, which would sign nobody out */
export function requireDeauthorization(userId: unknown, at: unknown): void {
  requireSnowflake(userId, "userId");
  if (at === undefined || (at instanceof Date && !Number.isNaN(at.getTime()))) return;
  throw new TypeError(
    `The time must be a valid Date, not ${at instanceof Date ? "an invalid one" : shown(at)}.`,
  );
}

function isPlainOptions(value: unknown): boolean {
  return isRecord(value) && !hasMethods(value, "listen");
}

function shownApp(value: unknown): string {
  if (hasMethods(value, "getHttpAdapter"))
    return "a Nest app: pass app.getHttpAdapter().getInstance(), its Express app";
  if (typeof value === "function" && "application" in value) return "express itself: call it, express()";
  if (hasMethods(value, "route", "param") || hasMethods(value, "handle"))
    return "a router: pass the app that uses it";
  if (hasMethods(value, "listen")) return "an HTTP server: pass the Express app that it serves";
  return kindOf(value);
}
