import type { OutgoingHttpHeaders } from "node:http";
import type { Answer } from "./answer.js";
import { type Html, html, trustedHtml } from "./html.js";
import { PAGE_STYLE } from "./page-style.js";

const HEADERS: OutgoingHttpHeaders = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/** Creates an HTML page. */
export function page(status: number, title: string, content: Html): Answer {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trustedHtml(PAGE_STYLE)}</style>
</head>
<body>
<header><p>A local Discord for tests. Nothing here reaches discord.com.</p></header>
<main>${content}</main>
</body>
</html>
`;
  return { status, headers: HEADERS, body: document.text };
}

/** Creates an error page, for errors without a redirect. */
export function errorPage(message: string): Answer {
  return page(
    400,
    "Discord: this request cannot be answered",
    html`<h1>Something is wrong</h1><p class="alert" role="alert">${message}</p>`,
  );
}
