import type { NextFunction, Request, Response } from "express";
import { signInToActivity } from "./activity-sign-in.js";
import { optionsChecker } from "./check-options.js";
import { HttpException } from "./errors.js";
import { discordOf } from "./guards.js";
import type { Login, LoginResult } from "./login/login.js";
import { postRequired } from "./login/manners.js";
import { isReturnTo } from "./login/return-to.js";
import { START_AGAIN_POLICY, startAgainPage } from "./login/start-again-page.js";
import { ADDRESS, FUNCTION, PATH_OR_FALSE, SCOPES } from "./option-kinds.js";

/** What {@link discordRouter} can be told. A path that is `false` is left out. */
export interface RouterOptions {
  /** Default `/login`; takes `?returnTo=/path`. */
  readonly loginPath?: string | false | undefined;
  /** Default `/callback`: where the redirect URI must lead. */
  readonly callbackPath?: string | false | undefined;
  /** Default `/logout`; POST from this app's own pages only. */
  readonly logoutPath?: string | false | undefined;
  /**
   * Where an Activity posts `{ code }` as JSON, to be answered with `{ access_token }`. Default: nowhere.
   *
   * @see DiscordOAuth2Session.signInWithCode
   */
  readonly activityPath?: string | false | undefined;
  /** Where a login without `returnTo` leads. Default `/`. */
  readonly afterLogin?: string | undefined;
  /** Where a logout leads. Default `/`. */
  readonly afterLogout?: string | undefined;
  /** The scopes to ask for. Default: those of the configuration. */
  readonly scopes?: readonly string[] | undefined;
  /**
   * Called once for each login, before the visitor goes on: to where the login leads, unless it has sent an answer itself.
   * What it throws goes to `next` and ends the sign-in, so it can turn visitors away. Until it is done, the same callback
   * (a double click) waits.
   */
  readonly onLogin?: ((req: Request, login: Login, res: Response) => Promise<void> | void) | undefined;
}

const routerOptions = optionsChecker<RouterOptions>({
  of: "discordRouter",
  example: '{ afterLogin: "/me" }',
  kinds: {
    loginPath: PATH_OR_FALSE,
    callbackPath: PATH_OR_FALSE,
    logoutPath: PATH_OR_FALSE,
    activityPath: PATH_OR_FALSE,
    afterLogin: ADDRESS,
    afterLogout: ADDRESS,
    scopes: SCOPES,
    onLogin: FUNCTION,
  },
});

type Step = (req: Request, res: Response) => Promise<void>;

const START_AGAIN = ["flow_unknown", "flow_expired", "flow_invalid"];

/**
 * A complete sign-in: `app.use("/auth", discordRouter())` serves `/auth/login`, `/auth/callback` and `/auth/logout`.
 *
 * A callback whose login got lost on its way is answered with a page that offers to start again. Every other error goes to
 * `next`: what the methods of `DiscordOAuth2Session` throw, and for a logout `method_not_allowed` and `cross_site_request`.
 *
 * @throws TypeError at once, for options that do not exist or are of another kind
 */
export function discordRouter(options: RouterOptions = {}) {
  const { loginPath = "/login", callbackPath = "/callback", logoutPath = "/logout" } = routerOptions(options);
  const { activityPath = false, afterLogin = "/", afterLogout = "/", scopes, onLogin } = options;

  const login: Step = async (req, res) => {
    const wanted = new URLSearchParams(req.url.replace(/^[^?]*/, "")).get("returnTo");
    await discordOf(req).createSession(req, res, {
      scopes,
      returnTo: isReturnTo(wanted) ? wanted : undefined,
    });
  };

  const callback: Step = async (req, res) => {
    const result = await resultOf(req, res);
    if (result && !res.headersSent) res.redirect(result.returnTo ?? afterLogin);
  };

  /** @returns nothing when the answer is given already */
  async function resultOf(req: Request, res: Response): Promise<LoginResult | undefined> {
    try {
      return await discordOf(req).callback(
        req,
        res,
        onLogin && { onLogin: (login) => onLogin(req, login, res) },
      );
    } catch (error) {
      const isLost = error instanceof HttpException && START_AGAIN.includes(error.code);
      if (!isLost || loginPath === false) throw error;
      res
        .status(error.status)
        .type("html")
        .set("Content-Security-Policy", START_AGAIN_POLICY)
        .send(startAgainPage(req.baseUrl + loginPath));
      return undefined;
    }
  }

  const logout: Step = async (req, res) => {
    if (req.method !== "POST") throw postRequired(req, res, "A logout");
    requireSameOrigin(req);
    res.setHeader("Cache-Control", "no-store");
    await discordOf(req).revoke(req);
    res.redirect(303, afterLogout);
  };

  const steps = new Map<string | false, Step>([
    [loginPath, login],
    [callbackPath, callback],
    [logoutPath, logout],
    [activityPath, (req, res) => signInToActivity(discordOf(req), req, res, onLogin)],
  ]);
  steps.delete(false);

  return function discordRouter(req: Request, res: Response, next: NextFunction): void {
    const step = steps.get(req.path);
    if (step) step(req, res).catch(next);
    else next();
  };
}

/** @throws HttpException cross_site_request, unless this comes from a page of this app's own origin */
function requireSameOrigin(req: Request): void {
  const site = req.headers["sec-fetch-site"];
  const { origin } = new URL(discordOf(req).redirectUri);
  const isOwn =
    site === undefined ? req.headers.origin === origin : site === "same-origin" || site === "none";
  if (isOwn) return;
  throw new HttpException({
    message:
      "This logout does not come from a page of this app, so it is refused. The visitor is still signed in.",
    code: "cross_site_request",
    status: 403,
  });
}
