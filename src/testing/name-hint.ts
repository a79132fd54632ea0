import { type Html, html } from "./html.js";

/** Returns a hint for a name that looks as if a page had not escaped it; `false` for other names. */
export function nameHint(name: string): Html | false {
  return /[<>]/.test(name) && html`<small>This really is the name. Apps have to escape it.</small>`;
}
