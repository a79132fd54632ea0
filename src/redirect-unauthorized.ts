import type { ErrorRequestHandler } from "express";
import { isRequest, uncalled, wrongValue } from "./check-options.js";
import { HttpException, Unauthorized } from "./errors.js";
import { discordOf, findDiscord } from "./guards.js";
import { isPageVisit } from "./login/manners.js";
import { ADDRESS } from "./option-kinds.js";

/**
 * An error handler that sends visitors who are not signed in to the login, with where they were as `?returnTo=`:
 * `discordRouter` brings them back there. What is no visit to a page (`fetch`, API clients) is answered 401 with JSON: `{ error, message, login }`. Other errors go on. For pages on one of the option `origins`, `login` is
 * absolute.
 *
 * Three logins in a minute whose session does not stick end in an HttpException `login_loop`, which says why.
 *
 * @param loginPath the path of the login, such as `/auth/login`
 * @throws TypeError at once, for what is no path
 */
export function redirectUnauthorized(loginPath: string): ErrorRequestHandler {
  if (isRequest(loginPath)) throw new TypeError(uncalled("redirectUnauthorized"));
  if (!ADDRESS.accepts(loginPath))
    throw new TypeError(`redirectUnauthorized: ${wrongValue("the login's path", loginPath, ADDRESS)}`);
  return function redirectUnauthorized(error: unknown, req, res, next) {
    if (!(error instanceof Unauthorized) || res.headersSent) {
      next(error);
      return;
    }
    res.setHeader("Cache-Control", "no-store");
    if (!isPageVisit(req)) {
      const login = findDiscord(req)?.visits.addresses.publicFor(req, loginPath) ?? loginPath;
      res.setHeader("WWW-Authenticate", 'Bearer realm="discord"');
      res.status(401).json({ error: error.code, message: error.message, login });
      return;
    }
    const discord = discordOf(req);
    if (discord.isLoginLoop(req)) {
      next(loginLoop(error));
      return;
    }
    discord.visits.countLogins(req, res);
    // A longer address would make the login's one longer than a server takes.
    const { addresses } = discord.visits;
    const place = req.method === "GET" ? addresses.returnToOf(req.originalUrl) : undefined;
    res.redirect(
      addresses.public(loginPath) + (place === undefined ? "" : `?returnTo=${encodeURIComponent(place)}`),
    );
  };
}

function loginLoop(cause: Unauthorized): HttpException {
  return new HttpException({
    message:
      'This browser has signed in three times within a minute, and its session did not stick. Check the session\'s cookie: secure needs https (app.set("trust proxy", 1) behind a proxy), sameSite must not be "strict", and the page must be on the redirect URI\'s host.',
    code: "login_loop",
    status: 500,
    cause,
  });
}
