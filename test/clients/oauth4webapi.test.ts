import * as oauth from "oauth4webapi";
import { expect, it } from "vitest";
import { REDIRECT_URI, SCOPES, startStory } from "./story.js";

it("oauth4webapi discovers Discord, signs in, refreshes and revokes", async () => {
  const { discord, clientId, clientSecret, user, guild, approve, expire, revoke } = await startStory();
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(discord.url);
  const as = await oauth
    .discoveryRequest(issuer, { algorithm: "oauth2", ...insecure })
    .then((response) => oauth.processDiscoveryResponse(issuer, response));
  const client: oauth.Client = { client_id: clientId };
  const clientAuth = oauth.ClientSecretPost(clientSecret);
  const codeVerifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();

  const authorizationUrl = new URL(as.authorization_endpoint ?? "");
  authorizationUrl.searchParams.set("client_id", client.client_id);
  authorizationUrl.searchParams.set("redirect_uri", REDIRECT_URI);
  authorizationUrl.searchParams.set("response_type", "code");
  authorizationUrl.searchParams.set("scope", SCOPES.join(" "));
  authorizationUrl.searchParams.set("code_challenge", await oauth.calculatePKCECodeChallenge(codeVerifier));
  authorizationUrl.searchParams.set("code_challenge_method", "S256");
  authorizationUrl.searchParams.set("state", state);
  const params = oauth.validateAuthResponse(as, client, await approve(authorizationUrl), state);
  const response = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    clientAuth,
    params,
    REDIRECT_URI,
    codeVerifier,
    insecure,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, response);

  const get = async (path: string) => {
    const url = new URL(path, discord.url);
    const answer = await oauth.protectedResourceRequest(
      tokens.access_token,
      "GET",
      url,
      undefined,
      undefined,
      insecure,
    );
    return answer.json();
  };
  expect(await get("/api/v10/users/@me")).toMatchObject({ id: user.id, username: "mira.k" });
  expect(await get("/api/v10/users/@me/guilds")).toMatchObject([{ id: guild.id }]);

  await expire(tokens.access_token);
  const refreshed = await oauth
    .refreshTokenGrantRequest(as, client, clientAuth, tokens.refresh_token ?? "", insecure)
    .then((answer) => oauth.processRefreshTokenResponse(as, client, answer));
  await revoke(refreshed.access_token, async (token) => {
    const answer = await oauth.revocationRequest(as, client, clientAuth, token, insecure);
    await oauth.processRevocationResponse(answer);
  });
});
