import type { OutgoingHttpHeaders } from "node:http";
import type { Answer } from "./answer.js";
import { type Html, html, trustedHtml } from "./html.js";
import { PAGE_STYLE } from "./page-style.js";

const HEADERS: OutgoingHttpHeaders = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

const POLICY: Readonly<Record<string, string>> = {
  "default-src": "'none'",
  "style-src": "'unsafe-inline'",
  "img-src": "'self' data:",
  "base-uri": "'none'",
  "frame-ancestors": "'none'",
};

/** Where a page differs from the others. */
export interface PageOptions {
  /** Directives of the content security policy, besides the usual ones or instead of them. */
  readonly policy?: Readonly<Record<string, string>>;
  /** CSS that is added. */
  readonly style?: string;
}

/** A page of the simulator, for people. */
export function page(
  status: number,
  title: string,
  content: Html,
  { policy, style = "" }: PageOptions = {},
): Answer {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trustedHtml(PAGE_STYLE + style)}</style>
</head>
<body>
<header><p>A local Discord for tests. Nothing here reaches discord.com.</p></header>
<main>${content}</main>
</body>
</html>
`;
  const directives = Object.entries({ ...POLICY, ...policy }).map((directive) => directive.join(" "));
  const headers = { ...HEADERS, "Content-Security-Policy": directives.join("; ") };
  return { status, headers, body: document.text };
}

/** A page that says what is wrong, where Discord does not redirect. */
export function errorPage(message: string): Answer {
  return page(
    400,
    "Discord: this request cannot be answered",
    html`<h1>Something is wrong</h1><p class="alert" role="alert">${message}</p>`,
  );
}
