import { hash } from "node:crypto";
import type { ServerResponse } from "node:http";

/** What happened to a visitor whose login failed, and what to do. */
const TEXTS = {
  flow_unknown: {
    title: "That sign-in did not finish",
    advice:
      "It may have taken more than ten minutes, or it started in another browser, or this page was opened twice. Nothing is lost: start again and finish in this browser. If you see this page again, allow cookies for this site.",
  },
  flow_expired: {
    title: "That sign-in took too long",
    advice: "You have ten minutes to finish a sign-in. Nothing is lost: start again.",
  },
  flow_invalid: {
    title: "That sign-in did not finish",
    advice: "This site was updated while you were signing in. Nothing is lost: start again.",
  },
  cancelled: {
    title: "You are not signed in",
    advice:
      "You pressed Cancel on Discord's page, so nothing was shared. The page you wanted is for people who are signed in. You can sign in whenever you like, or close this page.",
  },
} as const;

/** Why the page is shown. */
export type StartAgainReason = keyof typeof TEXTS;

const STYLE = `
  :root { color-scheme: light dark; --page: #f4f5f8; --text: #1e1f24; --button: #4450c8; --label: #fff; }
  @media (prefers-color-scheme: dark) { :root { --page: #14151c; --text: #f1f2f8; --button: #aeb6ff; --label: #14162b; } }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.05rem/1.6 system-ui, sans-serif; color: var(--text); background: var(--page); }
  main { max-width: 28rem; padding: 2rem; }
  h1 { font-size: 1.5rem; line-height: 1.25; }
  a { display: inline-block; margin-top: 1rem; padding: .7rem 1.2rem; border-radius: .5rem; color: var(--label); background: var(--button); text-decoration: none; font-weight: 600; }
  a:focus-visible { outline: 3px solid var(--text); outline-offset: 2px; }
`;

/** Replaces the app's own policy, which may forbid inline styles. */
const POLICY = `default-src 'none'; style-src 'sha256-${hash("sha256", STYLE, "base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** Whether visitors get a page for errors with this code. */
export function isStartAgainReason(code: string): code is StartAgainReason {
  return Object.hasOwn(TEXTS, code);
}

/** Sends a page to a visitor whose login failed. @param address the target of its only link */
export function sendStartAgainPage(
  res: ServerResponse,
  status: number,
  reason: StartAgainReason,
  address: string,
  label = "Sign in with Discord",
): void {
  const { title, advice } = TEXTS[reason];
  res.statusCode = status;
  res.setHeader("Content-Type", "text/html; charset=utf-8");
  res.setHeader("Content-Security-Policy", POLICY);
  res.setHeader("Cache-Control", "no-store");
  res.end(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${advice}</p>
<a href="${escapeHtml(address)}">${label}</a>
</main>
</body>
</html>
`);
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
