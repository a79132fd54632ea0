import type { SimulatedGuild } from "./guild.js";
import { type Html, html } from "./html.js";
import type { SimulatedUser } from "./user.js";

/** Returns the avatar of a user, or their default avatar. */
export function avatarOf({ id, payload }: SimulatedUser): Html {
  return picture(
    payload.avatar === null
      ? `/embed/avatars/${(BigInt(id) >> 22n) % 6n}.png`
      : `/avatars/${id}/${payload.avatar}.png?size=64`,
  );
}

/** Returns the icon of a guild, or the first letter of its name. */
export function iconOf({ icon, id, name }: SimulatedGuild): Html {
  if (icon !== null) return picture(`/icons/${id}/${icon}.png?size=64`);
  return html`<span class="letter" aria-hidden="true">${[...name][0]}</span>`;
}

/** Returns a hint for a name that looks as if a page had not escaped it; `false` for other names. */
export function nameHint(name: string): Html | false {
  return /[<>]/.test(name) && html`<small>This really is the name. Apps have to escape it.</small>`;
}

function picture(path: string): Html {
  return html`<img class="avatar" src="${path}" alt="" width="40" height="40">`;
}
