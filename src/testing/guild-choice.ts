import type { AuthorizeRequest } from "./authorize-request.js";
import type { Discord } from "./discord.js";
import type { SimulatedGuild } from "./guild.js";
import { Html, html } from "./html.js";
import { iconOf, nameHint } from "./likeness.js";
import { PERMISSIONS } from "./permissions.js";
import type { SimulatedUser } from "./user.js";

/** Returns the element id of a user on the consent page. */
export function userChoiceId(index: number): string {
  return `user-${index}`;
}

/** Creates the choice of a guild for the bot: the guilds that the chosen user manages. Works without a script. */
export function guildChoice(
  { world }: Discord,
  request: AuthorizeRequest,
  users: readonly SimulatedUser[],
): Html {
  const offered = [...world.guilds.values()].filter(
    ({ id }) => !request.guildSelectDisabled || id === request.guildId,
  );
  const choices = offered
    .map((guild) => ({
      guild,
      managers: users.flatMap((user, index) =>
        guild.lets(user, PERMISSIONS.manageGuild) ? [userChoiceId(index)] : [],
      ),
    }))
    .filter(({ managers }) => managers.length > 0);
  const others = users.flatMap((user, index) =>
    choices.some(({ managers }) => managers.includes(userChoiceId(index))) ? [] : nothingFor(user, index),
  );
  const rules = users.map((_user, index) => {
    const id = userChoiceId(index);
    return `form:has(#${id}:checked) [data-for~="${id}"] { display: flex; }`;
  });
  return html`<style>[data-for] { display: none; } ${new Html(rules.join(" "))}</style>
<fieldset><legend>Add the bot to</legend>
${choices.map(({ guild, managers }) => option(guild, managers, guild.id === request.guildId))}${others}</fieldset>`;
}

function option(guild: SimulatedGuild, managers: readonly string[], selected: boolean): Html {
  return html`<label class="user" data-for="${managers.join(" ")}"><input type="radio" name="guild_id" value="${guild.id}"${selected && html` checked`}>
${iconOf(guild)}<span>${guild.name}${guild.bot && html`<small>The bot is there already</small>`}${nameHint(guild.name)}</span></label>`;
}

function nothingFor(user: SimulatedUser, index: number): Html[] {
  return [
    html`<p class="empty" data-for="${userChoiceId(index)}">${user.displayName} manages no server that the bot could be added to.</p>`,
  ];
}
