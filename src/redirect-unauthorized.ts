import type { NextFunction, Request, Response } from "express";
import { SETTING } from "./call-arguments.js";
import { requireCalled, requireKind } from "./check-options.js";
import { HttpException, Unauthorized } from "./errors.js";
import { discordOf } from "./guards.js";
import { isPageVisit } from "./login/manners.js";
import { ADDRESS } from "./option-kinds.js";
import type { DiscordOAuth2Session } from "./session.js";

const LOST_SESSION =
  'This browser signed in several times within a minute, but its session was lost each time. Check the session cookie: secure needs HTTPS (behind a proxy also app.set("trust proxy", 1)), sameSite must not be "strict", and the page must be on the same host as the redirect URI.';

/**
 * Creates an error handler that redirects visitors who are not signed in to the login. It passes the current page
 * as `?returnTo=`, and `discordRouter` redirects back to it after the login. Other errors go to the next error
 * handler.
 *
 * Requests from scripts and API clients are answered with status 401 and JSON: `{ error, message, login }`. `login`
 * is the path of the login; for pages on one of the option `origins`, its absolute URL.
 *
 * If a browser logs in several times within a minute without keeping its session, the handler passes on an
 * HttpException `login_loop` with likely causes. It does the same if the login is behind a guard itself.
 *
 * @param loginPath the path of the login, such as `/auth/login`
 * @throws TypeError immediately, for an invalid path
 */
export function redirectUnauthorized(loginPath: string) {
  requireCalled("redirectUnauthorized", loginPath);
  requireKind("redirectUnauthorized: the login's path", loginPath, ADDRESS);
  return function redirectUnauthorized(
    error: unknown,
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    if (!(error instanceof Unauthorized) || res.headersSent) {
      next(error);
      return;
    }
    res.setHeader("Cache-Control", "no-store");
    if (!isPageVisit(req)) {
      const discord: Partial<DiscordOAuth2Session> | undefined = req.app.get(SETTING);
      const login = discord?.logins?.addresses.publicFor(req, loginPath) ?? loginPath;
      res.setHeader("WWW-Authenticate", 'Bearer realm="discord"');
      res.status(401).json({ error: error.code, message: error.message, login });
      return;
    }
    const separator = loginPath.includes("?") ? "&" : "?";
    // grant_ended does not prove a guard at the login: the login may be a public page that noticed the end first.
    if (
      error.code !== "grant_ended" &&
      req.method === "GET" &&
      (req.originalUrl === loginPath || req.originalUrl.startsWith(`${loginPath}${separator}returnTo=`))
    ) {
      const message = `The login ${loginPath} is behind a guard itself, so nobody can sign in. Mount discordRouter before the guard.`;
      next(loginLoop(message, error));
      return;
    }
    const discord = discordOf(req);
    if (discord.isLoginLoop(req)) {
      next(loginLoop(LOST_SESSION, error));
      return;
    }
    // Omits an invalid or long address, which would make the login's URL too long for a server.
    const { addresses } = discord.logins;
    const place = req.method === "GET" ? addresses.returnToOf(req.originalUrl) : undefined;
    const login = addresses.public(loginPath);
    res.redirect(place === undefined ? login : `${login}${separator}returnTo=${encodeURIComponent(place)}`);
  };
}

function loginLoop(message: string, cause: Unauthorized): HttpException {
  return new HttpException({ message, code: "login_loop", cause });
}
