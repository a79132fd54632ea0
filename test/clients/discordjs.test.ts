import { API } from "@discordjs/core/http-only";
import { REST } from "@discordjs/rest";
import { OAuth2Scopes } from "discord-api-types/v10";
import { expect, it } from "vitest";
import { REDIRECT_URI, startStory } from "./story.js";

it.each([
  ["the option api", false],
  ["intercept()", true],
])("@discordjs/rest and @discordjs/core sign in, refresh and revoke with %s", async (_how, intercept) => {
  const story = await startStory(intercept ? { intercept: "fetch" } : {});
  const { discord, clientId, clientSecret, user, guild, approve, expire, revoke } = story;
  const where = intercept ? {} : { api: `${discord.url}/api` };
  const api = new API(new REST({ version: "10", ...where }));

  const authorizeUrl = api.oauth2.generateAuthorizationURL({
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    response_type: "code",
    scope: [OAuth2Scopes.Identify, OAuth2Scopes.Guilds].join(" "),
    state: "a-state",
  });
  const { pathname, search } = new URL(authorizeUrl);
  const callback = await approve(intercept ? authorizeUrl : new URL(pathname + search, discord.url));
  const client = { client_id: clientId, client_secret: clientSecret };
  const tokens = await api.oauth2.tokenExchange({
    ...client,
    grant_type: "authorization_code",
    code: callback.searchParams.get("code") ?? "",
    redirect_uri: REDIRECT_URI,
  });

  const asUser = new API(
    new REST({ version: "10", authPrefix: "Bearer", ...where }).setToken(tokens.access_token),
  );
  expect(await asUser.users.getCurrent()).toMatchObject({ id: user.id, username: "mira.k" });
  expect(await asUser.users.getGuilds()).toMatchObject([{ id: guild.id }]);

  await expire(tokens.access_token);
  const refreshed = await api.oauth2.refreshToken({
    ...client,
    grant_type: "refresh_token",
    refresh_token: tokens.refresh_token,
  });
  await revoke(refreshed.access_token, (token) => api.oauth2.revokeToken(clientId, clientSecret, { token }));
});
