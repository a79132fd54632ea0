import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import express from "express";
import { expect, it } from "vitest";
import { guildsByFetch, revokeByFetch, startStory, urlOf } from "./story.js";

it("better-auth signs in and refreshes with intercept()", async () => {
  const { discord, clientId, clientSecret, user, guild, approve, expire, revoke } = await startStory({
    intercept: "fetch",
  });
  const app = express();
  const url = await urlOf(app.listen(0, "127.0.0.1"));
  discord.addRedirectUri(`${url}/api/auth/callback/discord`);
  const auth = betterAuth({
    baseURL: url,
    secret: "a secret of better-auth, of 32 characters",
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    socialProviders: { discord: { clientId, clientSecret, scope: ["guilds"] } },
    telemetry: { enabled: false },
  });
  app.all("/api/auth/*", toNodeHandler(auth));

  const browser = discord.browser(url);
  const post = async <T>(path: string, json: object) =>
    (await browser.post(`/api/auth${path}`, { json, headers: { Origin: url } })).json<T>();
  const login = await post<{ url: string }>("/sign-in/social", { provider: "discord", callbackURL: "/" });
  const callback = await browser.get((await approve(login.url)).href, { crossSite: true });
  expect(callback.location).toBe("/");
  expect((await browser.get("/api/auth/get-session")).json()).toMatchObject({
    user: { name: "Mira", email: user.payload.email },
  });
  const [account] = (await browser.get("/api/auth/list-accounts")).json<
    { id: string; providerId: string }[]
  >();
  expect(account).toMatchObject({ providerId: "discord" });
  const tokens = await post<{ accessToken: string }>("/get-access-token", { accountId: account?.id });
  expect(await guildsByFetch(tokens.accessToken)).toMatchObject([{ id: guild.id }]);

  await expire(tokens.accessToken);
  const refreshed = await post<{ accessToken: string }>("/refresh-token", { accountId: account?.id });
  await revoke(refreshed.accessToken, (token) => revokeByFetch(token, clientId, clientSecret));
});
