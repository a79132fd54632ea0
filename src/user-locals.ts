import type { Request } from "express";
import { requireCalled } from "./check-options.js";
import { HttpException, MissingScopes, Unauthorized } from "./errors.js";
import { discordOf, type Guard, guard } from "./guards.js";
import type { User } from "./models/user.js";

const SETUP_MISTAKES = ["init_missing", "session_missing"];

/**
 * Creates a middleware that sets `res.locals.user` to the signed-in {@link User}, or to `undefined` if nobody is signed in.
 * For the templates of public pages.
 *
 * While Discord or the session store fails, `res.locals.user` is the user as last seen by this process, so that pages still
 * work. It does not protect pages: use a guard for that.
 *
 * @example
 * ```ts
 * app.use(userLocals());
 * app.get("/", (_req, res) => res.render("home")); // <%= user ? user.displayName : "Welcome" %>
 * ```
 * @throws TypeError when it is passed to Express without being called, and for options
 * @throws HttpException `init_missing`, `session_missing`; both through `next`
 */
export function userLocals(...args: []): Guard {
  const [first]: readonly unknown[] = args;
  requireCalled("userLocals", first);
  if (first !== undefined)
    throw new TypeError("userLocals takes no options. It always sets res.locals.user.");
  return guard("userLocals", async (req, res) => {
    const user = await userOf(req);
    res.locals["user"] = user;
  });
}

async function userOf(req: Request): Promise<User | undefined> {
  const discord = discordOf(req);
  try {
    return await discord.fetchUser(req);
  } catch (error) {
    if (error instanceof Unauthorized || error instanceof MissingScopes) return undefined;
    if (!(error instanceof HttpException) || SETUP_MISTAKES.includes(error.code)) throw error;
    return discord.logins.lastKnownUser(req);
  }
}
