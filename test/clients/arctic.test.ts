import * as arctic from "arctic";
import { expect, it } from "vitest";
import { guildsByFetch, REDIRECT_URI, SCOPES, startStory } from "./story.js";

it("arctic signs in, refreshes and revokes with intercept()", async () => {
  const { clientId, clientSecret, user, guild, approve, expire, revoke } = await startStory({
    intercept: "fetch",
  });
  const discord = new arctic.Discord(clientId, clientSecret, REDIRECT_URI);
  const state = arctic.generateState();
  const codeVerifier = arctic.generateCodeVerifier();

  const callback = await approve(discord.createAuthorizationURL(state, codeVerifier, SCOPES));
  expect(callback.searchParams.get("state")).toBe(state);
  const code = callback.searchParams.get("code") ?? "";
  const tokens = await discord.validateAuthorizationCode(code, codeVerifier);
  expect(tokens.scopes().sort()).toEqual([...SCOPES].sort());

  const me = await fetch("https://discord.com/api/users/@me", {
    headers: { Authorization: `Bearer ${tokens.accessToken()}` },
  });
  expect(await me.json()).toMatchObject({ id: user.id, username: "mira.k" });
  expect(await guildsByFetch(tokens.accessToken())).toMatchObject([{ id: guild.id }]);

  await expire(tokens.accessToken());
  const refreshed = await discord.refreshAccessToken(tokens.refreshToken());
  await revoke(refreshed.accessToken(), (token) => discord.revokeToken(token));

  await expect(discord.refreshAccessToken(refreshed.refreshToken())).rejects.toBeInstanceOf(
    arctic.OAuth2RequestError,
  );
});
