import type { Request, RequestHandler } from "express";
import { isRequest, uncalled } from "./check-options.js";
import { HttpException, MissingScopes, Unauthorized } from "./errors.js";
import { discordOf } from "./guards.js";
import type { User } from "./models/user.js";

const SETUP_MISTAKES = ["init_missing", "session_missing"];

/**
 * A middleware that sets `res.locals.user` to the signed-in {@link User}, or to `undefined`: for the templates of pages that
 * everybody may see.
 *
 * While Discord or the session store fails, it is the user as this process last saw them, so that such pages still work. It
 * protects nothing: that is what guards are for.
 *
 * @example
 * ```ts
 * app.use(userLocals());
 * app.get("/", (_req, res) => res.render("home")); // <%= user ? user.displayName : "Welcome" %>
 * ```
 * @throws TypeError when it is passed on without being called
 * @throws HttpException `init_missing`, `session_missing`; both through `next`
 */
export function userLocals(...args: []): RequestHandler {
  const [first]: readonly unknown[] = args;
  if (isRequest(first)) throw new TypeError(uncalled("userLocals"));
  return function userLocals(req, res, next) {
    const setUser = (user: User | undefined) => {
      res.locals["user"] = user;
      next();
    };
    userOf(req).then(setUser, next);
  };
}

async function userOf(req: Request): Promise<User | undefined> {
  const discord = discordOf(req);
  try {
    return await discord.fetchUser(req);
  } catch (error) {
    if (error instanceof Unauthorized || error instanceof MissingScopes) return undefined;
    if (!(error instanceof HttpException) || SETUP_MISTAKES.includes(error.code)) throw error;
    return discord.visits.lastKnownUser(req);
  }
}
