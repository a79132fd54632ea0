import * as client from "openid-client";
import { expect, it } from "vitest";
import { REDIRECT_URI, SCOPES, startStory } from "./story.js";

async function signIn(algorithm: "oauth2" | "oidc", scopes: readonly string[]) {
  const story = await startStory();
  const { discord, clientId, clientSecret, approve } = story;
  const config = await client.discovery(new URL(discord.url), clientId, clientSecret, undefined, {
    algorithm,
    execute: [client.allowInsecureRequests],
  });
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const callback = await approve(
    client.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT_URI,
      scope: scopes.join(" "),
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: "S256",
      state: expectedState,
    }),
  );
  const tokens = await client.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedState });
  return { ...story, config, tokens };
}

it("openid-client discovers Discord, signs in, refreshes and revokes", async () => {
  const { discord, user, guild, config, tokens, expire, revoke } = await signIn("oauth2", SCOPES);
  const get = async (path: string) =>
    (
      await client.fetchProtectedResource(config, tokens.access_token, new URL(path, discord.url), "GET")
    ).json();
  expect(await get("/api/v10/users/@me")).toMatchObject({ id: user.id, username: "mira.k" });
  expect(await get("/api/v10/users/@me/guilds")).toMatchObject([{ id: guild.id }]);

  await expire(tokens.access_token);
  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? "");
  await revoke(refreshed.access_token, (token) => client.tokenRevocation(config, token));
});

it("openid-client signs in by OpenID Connect, and checks the ID token and the userinfo", async () => {
  const { user, config, tokens } = await signIn("oidc", ["openid", "identify"]);
  expect(tokens.claims()).toMatchObject({ sub: user.id });
  const info = await client.fetchUserInfo(config, tokens.access_token, user.id);
  expect(info).toMatchObject({ sub: user.id });
});
