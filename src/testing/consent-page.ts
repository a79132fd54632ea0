import type { Answer } from "./answer.js";
import type { AuthorizeRequest } from "./authorize-request.js";
import type { Discord } from "./discord.js";
import { guildChoice, userChoiceId } from "./guild-choice.js";
import { type Html, html } from "./html.js";
import { avatarOf, nameHint } from "./likeness.js";
import { page } from "./page.js";
import { PERMISSIONS } from "./permissions.js";
import { meaningOf } from "./scopes.js";
import type { SimulatedUser } from "./user.js";

const OFFERED_USERS = 100;

/** What the page shows besides the request. */
export interface ConsentView {
  /** The preselected user. */
  readonly user: SimulatedUser | undefined;
  /** The problem with the submitted form, if any. */
  readonly problem?: string;
}

/** Creates the page that asks the user to authorize the application. */
export function consentPage(discord: Discord, request: AuthorizeRequest, view: ConsentView): Answer {
  const { name } = discord.application;
  const first = [...discord.world.users.values()].slice(0, OFFERED_USERS);
  const users = [...new Set(view.user ? [...first, view.user] : first)];
  const selected = view.user ?? users[0];
  const content = html`
<div class="app" aria-hidden="true">${[...name][0]?.toUpperCase()}</div>
<h1>${name} <span>wants to access a Discord account</span></h1>
${view.problem !== undefined && html`<p class="alert" role="alert">${view.problem}</p>`}
<form method="post" action="${request.action}">
<fieldset>
<legend>Sign in as</legend>
${users.map((user, index) => userChoice(user, userChoiceId(index), user === selected))}
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
    // The page around the frame already has the header.
    ...(request.isInActivity && {
      policy: { "frame-ancestors": "'self'" },
      style: "header { display: none; }",
    }),
  });
}

function userChoice(user: SimulatedUser, id: string, selected: boolean): Html {
  return html`<label class="user"><input type="radio" id="${id}" name="user_id" value="${user.id}" required${selected && html` checked`}>
${avatarOf(user)}
<span>${user.displayName}<small>${user.payload.username}</small>${nameHint(user.displayName)}</span></label>`;
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
