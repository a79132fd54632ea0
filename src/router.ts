import type { IncomingHttpHeaders } from "node:http";
import type { Application, NextFunction, Request, Response } from "express";
import { signInToActivity } from "./activity-sign-in.js";
import { optionsChecker } from "./check-options.js";
import { AccessDenied, HttpException } from "./errors.js";
import { type SessionCookieSettings, sessionCookieOf } from "./grants/session-data.js";
import { discordOf } from "./guards.js";
import type { Addresses } from "./login/addresses.js";
import type { Login, LoginResult, OnLogin } from "./login/login.js";
import { isPageVisit, postRequired } from "./login/manners.js";
import { isStartAgainReason, sendStartAgainPage } from "./login/start-again-page.js";
import { ADDRESS, ADDRESS_OR_FALSE, FUNCTION, PATH_OR_FALSE, SCOPES } from "./option-kinds.js";
import type { Scope } from "./scopes.js";

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
  /**
   * Where a visitor goes who pressed Cancel on Discord's page. Default: where a logout leads. If that page sends them back
   * to the login, they see a small page instead. `false`: the `AccessDenied` goes to `next`.
   */
  readonly afterCancel?: string | false | undefined;
  /** The scopes to ask for. Default: those of the configuration. */
  readonly scopes?: readonly Scope[] | undefined;
  /**
   * Called once for each login, before the visitor goes on: to the path that it returns, else to where the login leads, unless
   * it has sent an answer itself. What it throws goes to `next` and ends the sign-in, so it can turn visitors away. Until it is
   * done, the same callback (a double click) waits.
   */
  readonly onLogin?: RouterOnLogin | undefined;
  /**
   * The id of the visitor's account in your own records, where they are signed in to one: for logins that were started with
   * `createSession(req, res, { connect })`, which are refused without it. They go to `onLogin` with `connected: true`.
   */
  readonly accountOf?: ((req: Request) => string | undefined) | undefined;
}

/** What an app does with a login that came to the router. It may return a path to go to, as `returnTo` is. */
export type RouterOnLogin = (req: Request, login: Login, res: Response) => ReturnType<OnLogin>;

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
    afterCancel: ADDRESS_OR_FALSE,
    scopes: SCOPES,
    onLogin: FUNCTION,
    accountOf: FUNCTION,
  },
});

type Step = (req: Request, res: Response) => Promise<void>;

/**
 * A complete sign-in: `app.use("/auth", discordRouter())` serves `/auth/login`, `/auth/callback` and `/auth/logout`.
 *
 * A callback whose login got lost on its way is answered with a page that offers to start again, and Cancel leads to
 * `afterCancel`. Every other error goes to `next`: what the methods of `DiscordOAuth2Session` throw, and for a logout `method_not_allowed` and `cross_site_request`.
 *
 * @throws TypeError at once, for options that do not exist or are of another kind
 */
export function discordRouter(options: RouterOptions = {}) {
  const { loginPath = "/login", callbackPath = "/callback", logoutPath = "/logout" } = routerOptions(options);
  const { activityPath = false, afterLogin = "/", afterLogout = "/", afterCancel = afterLogout } = options;
  const { scopes, onLogin, accountOf } = options;

  const login: Step = async (req, res) => {
    const discord = discordOf(req);
    const wanted = new URLSearchParams(req.url.replace(/^[^?]*/, "")).get("returnTo");
    const { addresses } = discord.visits;
    const isBack = afterCancel !== false && wanted === addresses.public(afterCancel);
    if (discord.visits.comesFromCancel(req, isBack)) {
      discord.visits.forgetCancel(res);
      sendStartAgainPage(res, 403, "cancelled", { address: addresses.publicPath(req.originalUrl) });
      return;
    }
    if (callbackPath !== false) warnOfOtherCallback(req, callbackPath);
    const returnTo = addresses.isReturnTo(wanted) ? wanted : undefined;
    if (wanted && !returnTo) discord.visits.warnOfDroppedReturnTo(wanted);
    await discord.createSession(req, res, { scopes, returnTo });
  };

  const callback: Step = async (req, res) => {
    const result = await resultOf(req, res);
    if (result && !res.headersSent) res.redirect(result.returnTo ?? addressesOf(req).public(afterLogin));
  };

  /** @returns nothing when the answer is given already */
  async function resultOf(req: Request, res: Response): Promise<LoginResult | undefined> {
    try {
      return await discordOf(req).callback(req, res, {
        connect: accountOf?.(req),
        onLogin: onLogin && ((login) => onLogin(req, login, res)),
      });
    } catch (error) {
      if (!(error instanceof HttpException)) throw error;
      if (error instanceof AccessDenied && afterCancel !== false) answerCancel(req, res, error, afterCancel);
      else if (isStartAgainReason(error.code) && loginPath !== false)
        sendStartAgainPage(res, error.status, error.code, { address: loginOf(req, loginPath) });
      else throw error;
      return undefined;
    }
  }

  function answerCancel(
    req: Request,
    res: Response,
    { prompt, status }: AccessDenied,
    address: string,
  ): void {
    discordOf(req).visits.markCancel(res);
    const place = addressesOf(req).public(address);
    if (prompt) res.redirect(place);
    else {
      const link =
        loginPath === false
          ? { address: place, label: "Back to the site" }
          : { address: loginOf(req, loginPath) };
      sendStartAgainPage(res, status, "cancelled", link);
    }
  }

  const logout: Step = async (req, res) => {
    if (req.method !== "POST") throw postRequired(req, res, "A logout");
    requireOwnPage(req);
    res.setHeader("Cache-Control", "no-store");
    const discord = discordOf(req);
    await discord.revoke(req);
    const { addresses } = discord.visits;
    // A fetch from another origin could not follow the redirect.
    if (addresses.isFromListedOrigin(req) && !isPageVisit(req)) res.status(204).end();
    else res.redirect(303, addresses.public(afterLogout));
  };

  const steps: readonly (readonly [path: string | false, step: Step])[] = [
    [loginPath, login],
    [callbackPath, callback],
    [logoutPath, logout],
    [activityPath, (req, res) => signInToActivity(discordOf(req), req, res, onLogin)],
  ];

  return function discordRouter(req: Request, res: Response, next: NextFunction): void {
    const [, step] = steps.find(([path]) => path !== false && isSamePath(req, path, req.path)) ?? [];
    if (step) step(req, res).catch(next);
    else next();
  };
}

function addressesOf(req: Request): Addresses {
  return discordOf(req).visits.addresses;
}

function loginOf(req: Request, loginPath: string): string {
  return addressesOf(req).publicPath(req.baseUrl + loginPath);
}

/** Whether the app's own routes would take the two paths for the same. */
function isSamePath({ app }: { readonly app?: Application }, one: string, other: string): boolean {
  const comparable = (path: string) => {
    const oneCase = app?.enabled("case sensitive routing") ? path : path.toLowerCase();
    return app?.enabled("strict routing") ? oneCase : oneCase.replace(/\/$/, "");
  };
  return comparable(one) === comparable(other);
}

/** Where the mount path is a pattern, a stranger chooses it, and another one may be right. */
function warnOfOtherCallback(req: Request, callbackPath: string): void {
  if (Object.keys(req.params).length > 0) return;
  const { redirectUri, visits } = discordOf(req);
  const callback = visits.addresses.public(req.baseUrl + callbackPath);
  const { pathname } = new URL(redirectUri);
  if (!isSamePath(req, pathname, callback)) visits.warnOfOtherCallback(callback, pathname);
}

/** @throws HttpException cross_site_request, unless this comes from a page of this app */
function requireOwnPage(req: Request): void {
  const { redirectUri, visits } = discordOf(req);
  if (visits.addresses.isFromListedOrigin(req)) return;
  if (isFromOwnPage(req.headers, new URL(redirectUri).origin, sessionCookieOf(req))) return;
  throw new HttpException({
    message:
      'This logout does not come from a page of this app, so it is refused. The visitor is still signed in. If it does come from such a page: one on another origin must be listed in the option origins; if the browser hides the origin, give the session cookie sameSite: "lax". See docs/router.md#signing-out.',
    code: "cross_site_request",
    status: 403,
  });
}

/**
 * Decided by `Sec-Fetch-Site`, else by `Origin`. Under the referrer policy `no-referrer` an `Origin` is "null", which another
 * site can bring about too. Then the session's cookie decides: one that is explicitly lax or strict does not come along
 * when another site sends the form, so there would be nobody to sign out.
 */
function isFromOwnPage(
  { "sec-fetch-site": site, origin = "null" }: IncomingHttpHeaders,
  ownOrigin: string,
  { sameSite }: SessionCookieSettings,
): boolean {
  if (site !== undefined) return site === "same-origin" || site === "none";
  if (origin !== "null") return origin === ownOrigin;
  return sameSite === "lax" || sameSite === "strict";
}
