import { fileURLToPath } from "node:url";
import type { User } from "express-discord";
import { type Html, html } from "./html.js";
import { imageSource } from "./images.js";

/** The style sheet and the icon, for `express.static`. */
export const PUBLIC_FOLDER = fileURLToPath(new URL("./public", import.meta.url));

/** Who is signed in, and where they sign out. */
export interface Visitor {
  readonly user: User;
  readonly logoutPath: string;
}

/** A whole page. */
export function page(title: string, content: Html, visitor?: Visitor): string {
  return html`<!doctype html>
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
${visitor && signedIn(visitor)}
</header>
<main>
${content}
</main>
</body>
</html>
`.toString();
}

/** A user's picture, which says nothing that the name beside it does not say. */
export function avatar(user: User, size: 64 | 128): Html {
  const url = user.avatarUrlWith({ size }) ?? user.defaultAvatarUrl;
  return html`<img class="avatar" src="${imageSource(url)}" alt="" width="${size / 2}" height="${size / 2}">`;
}

function signedIn({ user, logoutPath }: Visitor): Html {
  return html`<div class="visitor">${avatar(user, 64)}<span>${user.displayName}</span>
<form method="post" action="${logoutPath}"><button>Sign out</button></form></div>`;
}
