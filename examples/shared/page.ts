import { fileURLToPath } from "node:url";
import type { Response } from "express";
import type { User } from "express-discord";
import { type Html, html } from "./html.js";
import { imageSource, simulatorUrl } from "./images.js";
import { takeNotice } from "./notice.js";
import { nameHint } from "./words.js";

/** The style sheet and the icons, for `express.static`. */
export const PUBLIC_FOLDER = fileURLToPath(new URL("./public", import.meta.url));

/** Where an app signs its visitors in and out. In `app.locals`, so that every page can link there. */
export interface SignInPaths {
  readonly loginPath: string;
  readonly logoutPath: string;
  /** The page that `/` redirects signed-in visitors to, if it does. */
  readonly homePath?: string;
}

/** The content of a page. */
export interface Page {
  readonly title: string;
  readonly content: Html;
  /** The page above this one. Default: the start page. */
  readonly back?: Link | undefined;
}

/** A link and its text. */
export interface Link {
  readonly href: string;
  readonly label: string;
}

const HOME: Link = { href: "/", label: "Start page" };

/** Sends a page. Its header shows the user in `res.locals.user`, which `userLocals()` sets. */
export function sendPage(res: Response, { title, content, back = HOME }: Page): void {
  const { loginPath, logoutPath, homePath } = res.app.locals as SignInPaths;
  const [path = ""] = res.req.originalUrl.split("?");
  const isHome = path === "/" || path === homePath;
  const user = visitorOf(res);
  const notice = takeNotice(res.req);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header class="site">
<a class="home" href="/"><img src="/icon.svg" alt="" width="28" height="28">Sample app</a>
${user ? signedIn(user, logoutPath) : html`<a class="button secondary" href="${loginPath}">Sign in</a>`}
</header>
<main>
${!isHome && html`<nav class="back" aria-label="Back"><a href="${back.href}"><span aria-hidden="true">←</span> ${back.label}</a></nav>`}
${notice && html`<p class="notice" role="status">${notice}${nameHint(notice)}</p>`}
${content}
</main>
${simulatorUrl() && footer(simulatorUrl())}
</body>
</html>
`;
  res.send(page.toString());
}

/** The signed-in user, if there is one. */
export function visitorOf(res: Response): User | undefined {
  return res.locals["user"];
}

/** A user's picture. Its alternative text is empty, because the name is next to it. */
export function avatar(user: User, size: 64 | 128 | 256): Html {
  const url = user.avatarUrlWith({ size }) ?? user.defaultAvatarUrl;
  return html`<img class="avatar" src="${imageSource(url)}" alt="" width="${size / 2}" height="${size / 2}">`;
}

function signedIn(user: User, logoutPath: string): Html {
  return html`<div class="visitor">${avatar(user, 64)}<span>${user.displayName}</span>
<form method="post" action="${logoutPath}"><button class="button secondary">Sign out</button></form></div>`;
}

function footer(url: string | undefined): Html {
  return html`<footer><p>This app uses a simulated Discord on this machine.
<a href="${url}">See its users, servers, requests and messages</a></p></footer>`;
}
