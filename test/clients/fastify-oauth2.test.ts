import { fastifyOauth2, type OAuth2Namespace, type Token } from "@fastify/oauth2";
import fastify from "fastify";
import { expect, it, onTestFinished } from "vitest";
import { guildsByFetch, SCOPES, startStory } from "./story.js";

declare module "fastify" {
  interface FastifyInstance {
    readonly discordOAuth2: OAuth2Namespace;
  }
}

it("@fastify/oauth2 signs in, refreshes and revokes with intercept()", async () => {
  const { discord, clientId, clientSecret, user, guild, expire, revoke } = await startStory({
    intercept: "fetch and http",
  });
  const app = fastify();
  onTestFinished(() => app.close());
  let url = "";
  await app.register(fastifyOauth2, {
    name: "discordOAuth2",
    scope: SCOPES,
    credentials: {
      client: { id: clientId, secret: clientSecret },
      auth: fastifyOauth2.DISCORD_CONFIGURATION,
    },
    startRedirectPath: "/login/discord",
    callbackUri: () => `${url}/login/discord/callback`,
    pkce: "S256",
  });
  app.get("/login/discord/callback", async function (request) {
    const { token } = await this.discordOAuth2.getAccessTokenFromAuthorizationCodeFlow(request);
    return token;
  });
  url = await app.listen({ port: 0, host: "127.0.0.1" });
  discord.addRedirectUri(`${url}/login/discord/callback`);

  const token = (await discord.browser(url).signIn("/login/discord", { user })).json<Token>();
  const me = await fetch("https://discord.com/api/users/@me", {
    headers: { Authorization: `Bearer ${token.access_token}` },
  });
  expect(await me.json()).toMatchObject({ id: user.id, username: "mira.k" });
  expect(await guildsByFetch(token.access_token)).toMatchObject([{ id: guild.id }]);

  await expire(token.access_token);
  const { token: refreshed } = await app.discordOAuth2.getNewAccessTokenUsingRefreshToken(token, {});
  await revoke(refreshed.access_token, () =>
    app.discordOAuth2.revokeToken(refreshed, "access_token", undefined),
  );
});
