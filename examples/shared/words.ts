import { type Html, html } from "./html.js";

/** Returns text such as "no servers", "1 server" or "2 servers". */
export function count(number: number, noun: string): string {
  return `${number === 0 ? "no" : number} ${number === 1 ? noun : `${noun}s`}`;
}

/** Returns a date such as "5 March 2026". */
export function date(value: Date): Html {
  const text = value.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  return html`<time datetime="${value.toISOString()}">${text}</time>`;
}

/** Returns a hint for a name that looks as if the page had not escaped it; `false` for other names. */
export function nameHint(name: string): Html | false {
  return /[<>]/.test(name) && html`<small class="hint">This really is the name, safely escaped.</small>`;
}
