import DiscordOauth2 from "discord-oauth2";
import { expect, it } from "vitest";
import { REDIRECT_URI, SCOPES, startStory } from "./story.js";

it("discord-oauth2 signs in, refreshes and revokes with intercept()", async () => {
  const { clientId, clientSecret, user, guild, approve, expire, revoke } = await startStory({
    intercept: "fetch and http",
  });
  const oauth = new DiscordOauth2({ clientId, clientSecret, redirectUri: REDIRECT_URI });

  const callback = await approve(oauth.generateAuthUrl({ scope: SCOPES, state: "a-state" }));
  const tokens = await oauth.tokenRequest({
    code: callback.searchParams.get("code") ?? "",
    scope: SCOPES,
    grantType: "authorization_code",
  });
  expect(await oauth.getUser(tokens.access_token)).toMatchObject({ id: user.id, username: "mira.k" });
  expect(await oauth.getUserGuilds(tokens.access_token)).toMatchObject([{ id: guild.id }]);

  await expire(tokens.access_token);
  const refreshed = await oauth.tokenRequest({
    refreshToken: tokens.refresh_token,
    scope: SCOPES,
    grantType: "refresh_token",
  });
  const credentials = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
  await revoke(refreshed.access_token, (token) => oauth.revokeToken(token, credentials));
});
