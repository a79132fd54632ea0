import { Client, OAuthHelper, OAuthScopes } from "oceanic.js";
import { expect, it } from "vitest";
import { REDIRECT_URI, startStory } from "./story.js";

it.each([
  ["the option baseURL", false],
  ["intercept()", true],
])("oceanic.js signs in, refreshes and revokes with %s and multipartForms", async (_how, intercept) => {
  const story = await startStory({
    ...(intercept && { intercept: "fetch" }),
    behaviour: { multipartForms: true },
  });
  const { discord, clientId, clientSecret, user, guild, approve, expire, revoke } = story;
  const client = new Client({ rest: intercept ? {} : { baseURL: `${discord.url}/api/v10` } });

  const authorizeUrl = OAuthHelper.constructURL({
    clientID: clientId,
    redirectURI: REDIRECT_URI,
    responseType: "code",
    scopes: [OAuthScopes.IDENTIFY, OAuthScopes.GUILDS],
    state: "a-state",
  });
  const { pathname, search } = new URL(authorizeUrl);
  const callback = await approve(intercept ? authorizeUrl : new URL(pathname + search, discord.url));
  const application = { clientID: clientId, clientSecret };
  const tokens = await client.rest.oauth.exchangeCode({
    ...application,
    code: callback.searchParams.get("code") ?? "",
    redirectURI: REDIRECT_URI,
  });

  const helper = client.rest.oauth.getHelper(`Bearer ${tokens.accessToken}`);
  expect(await helper.getCurrentUser()).toMatchObject({ id: user.id, username: "mira.k" });
  expect(await helper.getCurrentGuilds()).toMatchObject([{ id: guild.id }]);

  await expire(tokens.accessToken);
  const refreshed = await client.rest.oauth.refreshToken({
    ...application,
    refreshToken: tokens.refreshToken ?? "",
  });
  await revoke(refreshed.accessToken, (token) => client.rest.oauth.revokeToken({ ...application, token }));
});

it("oceanic.js is refused without multipartForms", async () => {
  const { discord, clientId, clientSecret } = await startStory();
  const client = new Client({ rest: { baseURL: `${discord.url}/api/v10` } });
  const refresh = client.rest.oauth.refreshToken({ clientID: clientId, clientSecret, refreshToken: "x" });
  await expect(refresh).rejects.toMatchObject({ resBody: { error: "unsupported_grant_type" } });
  expect(discord.requestsTo("POST /oauth2/token")).toMatchObject([{ status: 400 }]);
});
