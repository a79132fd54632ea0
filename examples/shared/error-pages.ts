import type { ErrorRequestHandler, Request, Response } from "express";
import { AccessDenied, type ErrorCode, HttpException, MissingScopes, RateLimited } from "express-discord";
import { type Html, html } from "./html.js";
import { ForeignForm } from "./own-forms.js";
import { type SignInPaths, sendPage, visitorOf } from "./page.js";
import { count } from "./words.js";

/** Where the error pages link to. */
export interface ErrorPageOptions {
  /** The path that asks Discord for further scopes: `?scopes=a+b&returnTo=/path`. */
  readonly grantPath?: string;
}

interface Explanation {
  readonly title: string;
  readonly text: string;
  /** The next step. Default: the start page or, for visitors who are not signed in, the login. */
  readonly link?: Html;
  /** Whether trying again later may help. */
  readonly isPassing?: boolean;
}

const START_AGAIN: Explanation = {
  title: "That sign-in did not finish",
  text: "It took too long, or it was finished in another browser. Please start again.",
};

const DISCORD_DOWN: Explanation = {
  title: "Discord is not answering",
  text: "This page needs Discord, which is having trouble right now. You are still signed in. Try again in a moment.",
  isPassing: true,
};

const NOT_ALLOWED: Explanation = {
  title: "You cannot open this page",
  text: "It is for people who manage this server. If that is you, sign in with the account that manages it.",
};

const FOREIGN_FORM: Explanation = {
  title: "Nothing was changed",
  text: "Another site tried to press a button here for you.",
};

const NO_BOT: Explanation = {
  title: "This page needs a bot",
  text: "This app has no working bot yet. If you run it, set DISCORD_BOT_TOKEN and start it again.",
};

/** Discord's code for a bot that lacks a permission. */
const MISSING_PERMISSIONS = 50013;

const BOT_NOT_ALLOWED: Explanation = {
  title: "The bot may not do that",
  text: "It lacks a permission in this server. Somebody who manages the server can invite it again, or change its role.",
};

const EXPLANATIONS: Readonly<Partial<Record<ErrorCode, Explanation>>> = {
  flow_unknown: START_AGAIN,
  flow_expired: START_AGAIN,
  flow_invalid: START_AGAIN,
  code_rejected: START_AGAIN,
  discord_unavailable: DISCORD_DOWN,
  discord_timeout: DISCORD_DOWN,
  cross_site_request: FOREIGN_FORM,
  forbidden: NOT_ALLOWED,
  bot_token_missing: NO_BOT,
  bot_token_rejected: NO_BOT,
  banned_from_guild: { title: "You cannot join", text: "You are banned from this server." },
  guild_limit_reached: {
    title: "You cannot join",
    text: "You are in as many servers as Discord allows. Leave one of them first.",
  },
};

/** What scopes mean for a visitor, to complete "This page wants to ...". */
const SCOPES_IN_WORDS: Readonly<Record<string, string>> = {
  identify: "see your name and picture",
  email: "see your e-mail address",
  guilds: "see which servers you are in",
  "guilds.join": "add you to a server",
  "guilds.members.read": "see your roles",
  connections: "see your linked accounts",
  "role_connections.write": "tell Discord how many servers you manage",
};

/** Creates the pages that tell visitors in plain words what went wrong and what to do next. */
export function errorPages({ grantPath }: ErrorPageOptions = {}): ErrorRequestHandler {
  return function errorPages(error: unknown, req, res, next) {
    if (res.headersSent) {
      next(error);
      return;
    }
    const status = statusOf(error);
    if (status === 500) console.error(error);
    if (error instanceof RateLimited) res.set(error.headers);
    const {
      title,
      text,
      isPassing,
      link = onwards(res, isPassing ? returnTo(req) : undefined),
    } = explain(error, req, grantPath);
    const content = html`<div class="message"><h1>${title}</h1><p>${text}</p><p>${link}</p></div>`;
    sendPage(res.status(status), { title, content });
  };
}

function onwards(res: Response, samePage: string | undefined): Html {
  const { loginPath } = res.app.locals as SignInPaths;
  if (samePage !== undefined) return html`<a class="button" href="${samePage}">Try again</a>`;
  return visitorOf(res)
    ? html`<a class="button" href="/">Go to the start page</a>`
    : html`<a class="button" href="${loginPath}">Sign in with Discord</a>`;
}

function explain(error: unknown, req: Request, grantPath: string | undefined): Explanation {
  if (error instanceof AccessDenied) {
    return {
      title: "You pressed Cancel",
      text: "That is fine: nothing was shared, and nothing has changed. You can still change your mind.",
    };
  }
  if (error instanceof MissingScopes && grantPath !== undefined) {
    const query = new URLSearchParams({ scopes: error.scopes.join(" "), returnTo: returnTo(req) });
    const wishes = error.scopes.map((scope) => SCOPES_IN_WORDS[scope] ?? scope).join(" and ");
    return {
      title: "One more permission is needed",
      text: `This page wants to ${wishes}, and you have not allowed that yet. Discord will ask you. Everything you have already allowed stays allowed.`,
      link: html`<a class="button" href="${grantPath}?${query.toString()}">Allow it at Discord</a>`,
    };
  }
  if (error instanceof RateLimited) {
    return {
      title: "Discord is busy",
      text: `There were too many requests at once. Try again in ${count(Math.ceil(error.retryAfter), "second")}.`,
      isPassing: true,
    };
  }
  if (error instanceof ForeignForm) return FOREIGN_FORM;
  if (error instanceof HttpException && error.discordCode === MISSING_PERMISSIONS) return BOT_NOT_ALLOWED;
  const explanation = error instanceof HttpException ? EXPLANATIONS[error.code] : undefined;
  if (explanation) return explanation;
  switch (statusOf(error)) {
    case 404:
      return { title: "There is no such page", text: "The address may be wrong, or the page may be gone." };
    case 500:
      return { title: "Something went wrong", text: "The fault is ours, and we have logged it." };
    default:
      return { title: "That did not work", text: "Go back and try again. If it fails again, start over." };
  }
}

/** Returns the page to come back to. A form cannot be sent again, so that is the page with the form. */
function returnTo({ method, originalUrl, headers }: Request): string {
  const referer = headers.referer ?? "";
  const refererPath = URL.canParse(referer) ? new URL(referer).pathname : "/";
  const path = method === "GET" ? originalUrl : refererPath;
  return /^\/(?![/\\\s])/.test(path) ? path : "/"; // browsers read //evil.example as another site
}

/** Thrown by the last route of an app. */
export class NotFound extends Error {
  readonly status = 404;
}

/** Errors of Express and other middleware have a `status` as well. */
function statusOf(error: unknown): number {
  const { status } = (error ?? {}) as { readonly status?: unknown };
  return typeof status === "number" && status >= 400 && status < 600 ? status : 500;
}
