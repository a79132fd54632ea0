import type { Application, NextFunction, Request, Response } from "express";
import { isRecord, optionsChecker, requireKind } from "./check-options.js";
import { AccessDenied, HttpException, toError } from "./errors.js";
import { sessionCookieOf } from "./grants/session-data.js";
import { discordOf } from "./guards.js";
import type { Addresses } from "./login/addresses.js";
import type { Login, OnLogin } from "./login/login.js";
import { isFromOwnSite, isPageVisit, requireMethod } from "./login/manners.js";
import { isStartAgainReason, sendStartAgainPage } from "./login/start-again-page.js";
import { ACCOUNT_ID, ADDRESS, ADDRESS_OR_FALSE, FUNCTION, PATH_OR_FALSE, SCOPES } from "./option-kinds.js";
import { parseJson, readBody } from "./request-body.js";
import type { Scope } from "./scopes.js";

/** Options of {@link discordRouter}. `false` instead of a path switches the route off. */
export interface RouterOptions {
  /** The path of the login, which accepts `?returnTo=/path`. Default: `/login`. */
  readonly loginPath?: string | false | undefined;
  /** The path of the callback. The redirect URI must lead to it. Default: `/callback`. */
  readonly callbackPath?: string | false | undefined;
  /** The path of the logout, which accepts POST from this app's own pages only. Default: `/logout`. */
  readonly logoutPath?: string | false | undefined;
  /**
   * The path to which an Activity posts `{ code }` as JSON. The response is `{ access_token }`. Default: `false`.
   *
   * @see DiscordOAuth2Session.signInWithCode
   */
  readonly activityPath?: string | false | undefined;
  /** The page after a login without `returnTo`. Default: `/`. */
  readonly afterLogin?: string | undefined;
  /** The page after a logout. Default: `/`. */
  readonly afterLogout?: string | undefined;
  /**
   * The page for visitors who pressed Cancel on Discord's page. Default: `afterLogout`. If that page redirects them
   * to the login again, they see a small page instead. `false` passes the `AccessDenied` to `next`.
   */
  readonly afterCancel?: string | false | undefined;
  /** The scopes to ask for. Default: the option `scopes` of `DiscordOAuth2Session`. */
  readonly scopes?: readonly Scope[] | undefined;
  /**
   * Called once for each login, before the visitor is redirected. If it returns a path, the redirect goes there. If
   * it sends a response itself, there is no redirect. If it throws, the sign-in ends and the error goes to `next`,
   * so it can refuse visitors. A repeated callback (a double click) waits for it.
   */
  readonly onLogin?: RouterOnLogin | undefined;
  /**
   * Returns the id of the visitor's account in your own database, if they are signed in to one. Needed for logins
   * started with `createSession(req, res, { connect })`. `onLogin` gets them with `connected: true`.
   */
  readonly accountOf?: ((req: Request) => string | undefined) | undefined;
}

/**
 * The app's handler of a login through the router. It may return the path to redirect to, with the rules of
 * `returnTo`.
 */
export type RouterOnLogin = (req: Request, login: Login, res: Response) => ReturnType<OnLogin>;

const routerOptions = optionsChecker<RouterOptions>({
  of: "discordRouter",
  makesMiddleware: true,
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
  aliases: { successredirect: "afterLogin", failureredirect: "afterCancel" },
});

const MAX_BODY_BYTES = 16_384;

type Step = (req: Request, res: Response) => Promise<void>;

/**
 * Creates the routes of a complete sign-in: `app.use("/auth", discordRouter())` serves `/auth/login`,
 * `/auth/callback` and `/auth/logout`.
 *
 * If the state of a login was lost, the callback answers with a page that offers to start again. After Cancel it
 * redirects to `afterCancel`. All other errors go to `next`: the errors of `DiscordOAuth2Session`'s methods, for a
 * login or logout `method_not_allowed`, and for a logout `cross_site_request`.
 *
 * @throws TypeError immediately, for unknown options, invalid values and two routes with one path
 */
export function discordRouter(options: RouterOptions = {}) {
  const { loginPath = "/login", callbackPath = "/callback", logoutPath = "/logout" } = routerOptions(options);
  const { activityPath = false, afterLogin = "/", afterLogout = "/", afterCancel = afterLogout } = options;
  const { scopes, onLogin, accountOf } = options;

  const login: Step = async (req, res) => {
    requireMethod(["GET", "POST"], req, res, "A login");
    const discord = discordOf(req);
    const wanted = new URLSearchParams(req.url.replace(/^[^?]*/, "")).get("returnTo");
    const { addresses, cancelMark, warnings } = discord.logins;
    const isBack = afterCancel !== false && wanted === addresses.public(afterCancel);
    if (cancelMark.stops(req, res, isBack)) {
      sendStartAgainPage(res, 403, "cancelled", addresses.publicPath(req.originalUrl));
      return;
    }
    if (callbackPath !== false) warnOfOtherCallback(req, callbackPath);
    const returnTo = addresses.isReturnTo(wanted) ? wanted : undefined;
    if (wanted && !returnTo) warnings.droppedReturnTo(wanted);
    await discord.createSession(req, res, { scopes, returnTo });
  };

  const callback: Step = async (req, res) => {
    try {
      const discord = discordOf(req);
      const account = accountOf?.(req);
      if (account !== undefined) requireKind("discordRouter: what accountOf returns", account, ACCOUNT_ID);
      const { returnTo } = await discord.callback(req, res, {
        connect: account,
        // Always given, so that the login is recorded now and the end of the response need not wait for it.
        onLogin: (login) => onLogin?.(req, login, res),
      });
      if (!res.headersSent) res.redirect(returnTo ?? addressesOf(req).public(afterLogin));
    } catch (error) {
      if (!(error instanceof HttpException)) throw error;
      if (error instanceof AccessDenied && afterCancel !== false) answerCancel(req, res, error, afterCancel);
      else if (isStartAgainReason(error.code) && loginPath !== false)
        sendStartAgainPage(res, error.status, error.code, loginOf(req, loginPath));
      else throw error;
    }
  };

  function answerCancel(
    req: Request,
    res: Response,
    { prompt, status }: AccessDenied,
    address: string,
  ): void {
    discordOf(req).logins.cancelMark.set(res);
    const place = addressesOf(req).public(address);
    if (prompt) res.redirect(place);
    else if (loginPath === false) sendStartAgainPage(res, status, "cancelled", place, "Back to the site");
    else sendStartAgainPage(res, status, "cancelled", loginOf(req, loginPath));
  }

  const logout: Step = async (req, res) => {
    requireMethod(["POST"], req, res, "A logout");
    requireLogoutFromOwnPage(req);
    res.setHeader("Cache-Control", "no-store");
    const discord = discordOf(req);
    await discord.revoke(req);
    const { addresses } = discord.logins;
    // A script on another origin could not follow the redirect.
    if (addresses.isFromListedOrigin(req) && !isPageVisit(req)) res.status(204).end();
    else res.redirect(303, addresses.public(afterLogout));
  };

  /** Signs in the user of an Activity. The Embedded App SDK needs the access token. */
  const activity: Step = async (req, res) => {
    const discord = discordOf(req);
    requireMethod(["POST"], req, res, "An Activity's code");
    const { accessToken } = await discord.signInWithCode(req, {
      code: await postedCodeOf(req),
      // Always given, so that the end of the response need not wait until the login is recorded.
      onLogin: async (login) => void (await onLogin?.(req, login, res)),
    });
    if (!res.headersSent) res.json({ access_token: accessToken });
  };

  const steps: readonly (readonly [path: string | false, step: Step])[] = [
    [loginPath, login],
    [callbackPath, callback],
    [logoutPath, logout],
    [activityPath, activity],
  ];
  requireDistinct(steps.map(([path]) => path));

  return function discordRouter(req: Request, res: Response, next: NextFunction): void {
    const [, step] = steps.find(([path]) => path !== false && isSamePath(req, path, req.path)) ?? [];
    if (step) step(req, res).catch((error: unknown) => next(toError(error)));
    else next();
  };
}

/** @throws TypeError */
function requireDistinct(paths: readonly (string | false)[]): void {
  const used = paths.filter((path) => path !== false);
  const twice = used.find((path, index) => used.findIndex((one) => isSamePath({}, one, path)) < index);
  if (twice !== undefined)
    throw new TypeError(
      `discordRouter: two of its routes have the path "${twice}". Give each a path of its own.`,
    );
}

/** @returns the posted `code`, of any type; `signInWithCode` checks it */
async function postedCodeOf(req: Request): Promise<string> {
  // Serverless hosts parse bodies without reading the request. A parser of Express 4 that skips a body sets `{}`.
  const isParsed = req.readableDidRead || (isRecord(req.body) && Object.keys(req.body).length > 0);
  const body: unknown = isParsed ? req.body : parseJson(await readBody(req, MAX_BODY_BYTES));
  return isRecord(body) ? (body["code"] as string) : "";
}

function addressesOf(req: Request): Addresses {
  return discordOf(req).logins.addresses;
}

function loginOf(req: Request, loginPath: string): string {
  return addressesOf(req).publicPath(req.baseUrl + loginPath);
}

/** Whether the app's routing settings treat two paths as equal. */
function isSamePath({ app }: { readonly app?: Application }, one: string, other: string): boolean {
  const comparable = (path: string) => {
    const oneCase = app?.enabled("case sensitive routing") ? path : path.toLowerCase();
    return app?.enabled("strict routing") ? oneCase : oneCase.replace(/\/$/, "");
  };
  return comparable(one) === comparable(other);
}

/**
 * Warns if the redirect URI does not lead to the callback. Skips mount paths with parameters, which the client
 * chooses.
 */
function warnOfOtherCallback(req: Request, callbackPath: string): void {
  if (Object.keys(req.params).length > 0) return;
  const { redirectUri, logins } = discordOf(req);
  const callback = logins.addresses.public(req.baseUrl + callbackPath);
  const { pathname } = new URL(redirectUri);
  if (!isSamePath(req, pathname, callback)) logins.warnings.otherCallback(callback);
}

/** @throws HttpException cross_site_request unless the request comes from a page of this app */
function requireLogoutFromOwnPage(req: Request): void {
  const { logins } = discordOf(req);
  if (logins.addresses.isFromListedOrigin(req) || (isFromOwnSite(req) ?? isFromOwnOrigin(req))) return;
  throw new HttpException({
    message:
      'This logout was refused because it does not come from a page of this app, and the visitor is still signed in. If the page is yours, add its origin to the option origins or, if the browser hides the origin, give the session cookie sameSite: "lax". See docs/router.md#signing-out.',
    code: "cross_site_request",
  });
}

/**
 * Whether the `Origin` is this app's, for browsers that do not send `Sec-Fetch-Site`. Under the referrer policy
 * `no-referrer` the `Origin` is "null", which other sites can cause too. Then the session cookie decides: if it is
 * explicitly lax or strict, browsers do not send it with another site's form, so that form would sign nobody out.
 */
function isFromOwnOrigin(req: Request): boolean {
  const { origin = "null" } = req.headers;
  if (origin !== "null") return origin === new URL(discordOf(req).redirectUri).origin;
  const { sameSite } = sessionCookieOf(req);
  return sameSite === "lax" || sameSite === "strict";
}
