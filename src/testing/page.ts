import type { OutgoingHttpHeaders } from "node:http";
import type { Answer } from "./answer.js";
import { Html, html } from "./html.js";
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

/** Differences of a page from the other pages. */
export interface PageOptions {
  /** Directives of the content security policy that are added or replaced. */
  readonly policy?: Readonly<Record<string, string>>;
  /** Additional CSS. */
  readonly style?: string;
}

/** Creates an HTML page. */
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
<style>${new Html(PAGE_STYLE + style)}</style>
</head>
<body>
<header><p>A local Discord for tests, not the real one.</p></header>
<main>${content}</main>
</body>
</html>
`;
  const directives = Object.entries({ ...POLICY, ...policy }).map((directive) => directive.join(" "));
  const headers = { ...HEADERS, "Content-Security-Policy": directives.join("; ") };
  return { status, headers, body: document.text };
}

/** Creates an error page, for errors without a redirect. */
export function errorPage(message: string): Answer {
  return page(
    400,
    "Discord: this request cannot be answered",
    html`<h1>Something is wrong</h1><p class="alert" role="alert">${message}</p>`,
  );
}
