import { type Html, html } from "./html.js";
import { imageSource } from "./images.js";
import type { Person } from "./sample-discord.js";

/** A list of the users of the simulated Discord. */
export function cast(people: readonly Person[]): Html {
  const items = people.map(
    ({ picture, name, about }) =>
      html`<li class="person"><img class="avatar" src="${imageSource(picture)}" alt="" width="48" height="48">
<span><strong>${name}</strong> ${about}</span></li>`,
  );
  return html`<section class="cast" aria-labelledby="cast"><h2 id="cast">Who you can sign in as</h2>
<ul>${items}</ul></section>`;
}
