import type { Guild } from "express-discord";
import { type Html, html } from "./html.js";
import { imageSource } from "./images.js";

/** The server's icon or, as in Discord, its acronym. The name is next to it, so neither is read out. */
export function guildIcon(guild: Guild): Html {
  const url = guild.iconUrlWith({ size: 128 });
  return url
    ? html`<img class="icon" src="${imageSource(url)}" alt="" width="48" height="48">`
    : html`<span class="icon${guild.acronym.length > 3 && " small"}" aria-hidden="true">${guild.acronym.slice(0, 12)}</span>`;
}
