import { hash } from "node:crypto";

const STYLE = `
  :root { color-scheme: light dark; --page: #f4f5f8; --text: #1e1f24; --button: #4450c8; --label: #fff; }
  @media (prefers-color-scheme: dark) { :root { --page: #14151c; --text: #f1f2f8; --button: #aeb6ff; --label: #14162b; } }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.05rem/1.6 system-ui, sans-serif; color: var(--text); background: var(--page); }
  main { max-width: 28rem; padding: 2rem; }
  h1 { font-size: 1.5rem; line-height: 1.25; }
  a { display: inline-block; margin-top: 1rem; padding: .7rem 1.2rem; border-radius: .5rem; color: var(--label); background: var(--button); text-decoration: none; font-weight: 600; }
  a:focus-visible { outline: 3px solid var(--text); outline-offset: 2px; }
`;

/** Takes the place of the app's own policy, which may forbid styles in a page. */
export const START_AGAIN_POLICY = `default-src 'none'; style-src 'sha256-${hash("sha256", STYLE, "base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** The page for a visitor whose login got lost on its way. */
export function startAgainPage(loginUrl: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in again</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>That sign-in did not finish</h1>
<p>It took too long, ended in another browser, or this page was opened a second time. Nothing is lost: start again.</p>
<a href="${escapeHtml(loginUrl)}">Sign in with Discord</a>
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
