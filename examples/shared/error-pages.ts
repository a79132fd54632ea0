import type { ErrorRequestHandler, Request } from "express";
import { AccessDenied, Forbidden, HttpException, MissingScopes, RateLimited } from "express-discord";
import { type Html, html } from "./html.js";
import { page } from "./page.js";

/** Where the error pages lead on to. */
export interface ErrorPageOptions {
  readonly loginPath: string;
  /** Asks Discord for further scopes: takes `?scopes=a+b&returnTo=/path`. */
  readonly grantPath?: string;
}

interface Explanation {
  readonly title: string;
  readonly text: string;
  /** The way on. */
  readonly link?: Html;
}

const HOME = html`<a class="button" href="/">To the start page</a>`;

/** Tells a visitor in plain words what went wrong, and what to do next. */
export function errorPages(options: ErrorPageOptions): ErrorRequestHandler {
  return function errorPages(error: unknown, req, res, next) {
    if (res.headersSent) {
      next(error);
      return;
    }
    const status = statusOf(error);
    if (status === 500) console.error(error);
    if (error instanceof RateLimited) res.set(error.headers);
    const { title, text, link = HOME } = explain(error, req, options);
    const content = html`<div class="notice"><h1>${title}</h1><p>${text}</p><p>${link}</p></div>`;
    res.status(status).send(page(title, content));
  };
}

function explain(error: unknown, req: Request, { loginPath, grantPath }: ErrorPageOptions): Explanation {
  const login = html`<a class="button" href="${loginPath}">Sign in with Discord</a>`;

  if (error instanceof AccessDenied) {
    return {
      title: "You pressed Cancel",
      text: "That is fine: Discord has told us nothing about you. You can still change your mind.",
      link: login,
    };
  }
  if (error instanceof MissingScopes && grantPath !== undefined) {
    const query = new URLSearchParams({ scopes: error.scopes.join(" "), returnTo: req.originalUrl });
    return {
      title: "One more permission is needed",
      text: `This page needs "${error.scopes.join(", ")}" from Discord, and you have not allowed it yet. Discord asks you again; everything you allowed before stays.`,
      link: html`<a class="button" href="${grantPath}?${query.toString()}">Allow it at Discord</a>`,
    };
  }
  if (error instanceof Forbidden) {
    return {
      title: "This page is not for you",
      text: "It is for members who manage the server. If you do, sign in with the account that does.",
    };
  }
  if (error instanceof RateLimited) {
    const seconds = Math.ceil(error.retryAfter);
    return {
      title: "Discord asks us to wait",
      text: `Too much was asked of Discord at once. Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
    };
  }
  switch (codeOf(error)) {
    case "discord_unavailable":
    case "discord_timeout":
      return {
        title: "Discord does not answer",
        text: "This page needs Discord, and Discord has trouble just now. Try again in a moment.",
      };
    case "flow_unknown":
    case "flow_expired":
    case "flow_invalid":
    case "code_rejected":
      return {
        title: "That sign-in did not finish",
        text: "It took too long, or it ended in another browser. Start it again.",
        link: login,
      };
    case "not_found":
      return { title: "There is no such page", text: "The address may be mistyped, or the page is gone." };
    default:
      return statusOf(error) < 500 && error instanceof Error
        ? { title: "That did not work", text: error.message }
        : { title: "Something went wrong", text: "It is our fault, and it has been noted." };
  }
}

/** The last of an app's routes. */
export class NotFound extends Error {
  readonly status = 404;
  readonly code = "not_found";
}

/** Errors of Express and of other middleware carry a `status` too. */
function statusOf(error: unknown): number {
  const { status } = (error ?? {}) as { readonly status?: unknown };
  return typeof status === "number" && status >= 400 && status < 600 ? status : 500;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof HttpException || error instanceof NotFound ? error.code : undefined;
}
