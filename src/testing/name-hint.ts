import { type Html, html } from "./html.js";

/** For a name that looks as if a page had failed to escape it; nothing for other names. */
export function nameHint(name: string): Html | false {
  return /[<>]/.test(name) && html`<small>This really is the name. Apps have to escape it.</small>`;
}
