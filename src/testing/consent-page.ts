import type { Answer } from "./answer.js";
import type { AuthorizeRequest } from "./authorize-request.js";
import type { Discord } from "./discord.js";
import { type Html, html, trustedHtml } from "./html.js";
import { avatarPath } from "./image-paths.js";
import { page } from "./page.js";
import { PERMISSIONS } from "./permissions.js";
import { meaningOf } from "./scopes.js";
import type { SimulatedUser } from "./user.js";

const OFFERED_USERS = 100;

const BOT_ICON = trustedHtml(
  '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">' +
    '<path d="M12 3v4M4 12v5M20 12v5M9 17h6"/><rect x="6" y="7" width="12" height="13" rx="3"/>' +
    '<circle cx="9.5" cy="12.5" r="1"/><circle cx="14.5" cy="12.5" r="1"/></svg>',
);

/** What the page is to show besides the request itself. */
export interface ConsentView {
  /** Whom to preselect. */
  readonly user: SimulatedUser | undefined;
  /** Why the form has come back. */
  readonly problem?: string;
}

/** Asks the user whether to let the application in. */
export function consentPage(discord: Discord, request: AuthorizeRequest, view: ConsentView): Answer {
  const { name } = discord.application;
  const users = [...discord.world.users.values()].slice(0, OFFERED_USERS);
  const selected = view.user ?? users[0];
  const content = html`
<div class="app" aria-hidden="true">${[...name][0]?.toUpperCase()}</div>
<h1>${name} <span>wants to access a Discord account</span></h1>
${view.problem !== undefined && html`<p class="alert" role="alert">${view.problem}</p>`}
<form method="post" action="${request.action}">
<fieldset>
<legend>Sign in as</legend>
${users.map((user) => userChoice(user, user === selected))}
</fieldset>
<section aria-labelledby="scopes">
<h2 id="scopes">This will allow ${name} to</h2>
<ul>${request.scopes.map((scope) => html`<li>${meaningOf(scope)} <code>${scope}</code></li>`)}</ul>
</section>
${request.scopes.includes("bot") && guildChoice(discord, request, users)}
${request.scopes.includes("webhook.incoming") && channelChoice(discord, request, users)}
<div class="buttons">
<button class="primary" name="decision" value="authorize">Authorize</button>
<button name="decision" value="cancel" formnovalidate>Cancel</button>
</div>
</form>
${!request.isInActivity && request.redirectUri !== undefined && html`<p class="target">You will be sent to ${request.redirectUri}</p>`}`;
  return page(view.problem === undefined ? 200 : 400, `Authorize ${name}`, content, {
    // The page around the frame has the header already.
    ...(request.isInActivity && {
      policy: { "frame-ancestors": "'self'" },
      style: "header { display: none; }",
    }),
  });
}

function userChoice(user: SimulatedUser, selected: boolean): Html {
  return html`<label class="user"><input type="radio" name="user_id" value="${user.id}" required${selected && html` checked`}>
<img class="avatar" src="${avatarPath(user, 64)}" alt="" width="40" height="40">
<span>${user.displayName}<small>${user.payload.username}</small></span></label>`;
}

function guildChoice(discord: Discord, request: AuthorizeRequest, users: readonly SimulatedUser[]): Html {
  const groups = users.map((user) => {
    const guilds = discord.world.guildsOf(user).filter((guild) => guild.lets(user, PERMISSIONS.manageGuild));
    const offered = request.guildSelectDisabled ? guilds.filter(({ id }) => id === request.guildId) : guilds;
    return optionGroup(
      user,
      offered.map((guild) => option(guild.id, guild.name, guild.id === request.guildId)),
    );
  });
  return html`<div class="choice"><label class="field" for="guild">Add the bot to</label>
<div class="picker">${BOT_ICON}<select id="guild" name="guild_id" required><option value="">Choose a server</option>${groups}</select></div></div>`;
}

function channelChoice(discord: Discord, request: AuthorizeRequest, users: readonly SimulatedUser[]): Html {
  const groups = users.map((user) => {
    const guilds = discord.world
      .guildsOf(user)
      .filter((guild) => guild.lets(user, PERMISSIONS.manageWebhooks));
    const options = guilds.flatMap((guild) =>
      guild.channels.map(({ id, name }) => option(id, `${guild.name}: #${name}`, id === request.channelId)),
    );
    return optionGroup(user, options);
  });
  return html`<div class="choice"><label class="field" for="channel">Send messages to</label>
<select id="channel" name="channel_id" required><option value="">Choose a channel</option>${groups}</select></div>`;
}

function optionGroup(user: SimulatedUser, options: readonly Html[]): Html {
  return html`${options.length > 0 && html`<optgroup label="${user.displayName}">${options}</optgroup>`}`;
}

function option(value: string, label: string, selected: boolean): Html {
  return html`<option value="${value}"${selected && html` selected`}>${label}</option>`;
}
